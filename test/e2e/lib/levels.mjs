// The Levels view as a reader of the page finds it.

import { webview } from './webview.mjs';
import { command, eventually } from './workbench.mjs';

/** Opens the Levels view by its command and waits until the keyboard is in its page, which VS Code puts there late. */
export async function showLevels(page) {
  await command(page, 'Hopescope: Show Levels');
  const frame = await webview(page, 'levels');
  await eventually(() => frame.evaluate(() => document.hasFocus()), Boolean, {
    what: 'the Levels view to have the focus',
  });
  return frame;
}

/** The Levels view's page, once it shows one of these phases. */
export async function levelsIn(page, ...phases) {
  const frame = await webview(page, 'levels');
  const read = () => frame.evaluate(() => document.querySelector('main')?.dataset.phase);
  await eventually(read, phase => phases.includes(phase), {
    timeout: 120_000,
    what: `the Levels view to be ${phases.join(' or ')}`,
  });
  return frame;
}

/**
 * Rows of the Levels view, fast to slow. `ticks` counts the marks that are really drawn in the raster: rectangles
 * of its SVG, or separate runs of painted columns of its canvas.
 */
export function levelRows(frame) {
  return frame.locator('[data-level]').evaluateAll(rows =>
    rows.map(row => {
      const canvas = row.querySelector('.raster canvas');
      let ticks = row.querySelectorAll('.raster .marks > *').length;
      if (canvas && !canvas.hidden && canvas.width && canvas.height) {
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        const painted = x =>
          Array.from({ length: height }, (_, y) => data[(y * width + x) * 4 + 3]).some(a => a > 0);
        const columns = Array.from({ length: width }, (_, x) => painted(x));
        ticks = columns.filter((on, x) => on && !columns[x - 1]).length;
      }
      return {
        id: row.dataset.level,
        updates: Number(row.dataset.updates),
        ticks,
        rho: row.querySelector('.rho').textContent,
        drift: row.querySelector('.drift').textContent,
        label: row.ariaLabel,
      };
    }),
  );
}

/** Words of the view outside the rows: status line, messages, buttons. */
export async function levelsText(frame) {
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden must stay out
  const text = await frame.locator('main').evaluate(main => main.innerText);
  return text.replaceAll(/\s+/g, ' ');
}
