// The editor of a checkpoint as a reader of its page finds it.
import { webview } from './webview.mjs';
import { chooseInMenu, eventually, PATIENT } from './workbench.mjs';

/** The page of the checkpoint in front, once it is in this phase. */
export async function checkpointIn(page, phase = 'ready') {
  const read = async () => {
    const frame = await webview(page, 'tensor');
    const main = await frame
      .evaluate(() => document.querySelector('main')?.dataset.phase)
      .catch(() => undefined);
    return { frame, main };
  };
  const { frame } = await eventually(read, ({ main }) => main === phase, {
    what: `the checkpoint to be ${phase}`,
    timeout: 60_000,
  });
  return frame;
}

/**
 * The page of a checkpoint that has just been opened, once it shows it or says why not.
 * @param before frames that were there before it was opened
 */
export async function newCheckpoint(page, before) {
  const read = async () => {
    for (const frame of page.frames()) {
      if (before.has(frame)) continue;
      const phase = await frame
        .evaluate(
          () => document.body?.dataset.title === 'tensor' && document.querySelector('main')?.dataset.phase,
        )
        .catch(() => undefined);
      if (phase === 'ready' || phase === 'failed') return { frame, phase };
    }
    return undefined;
  };
  return eventually(read, Boolean, { what: 'another checkpoint to be shown', timeout: 60_000 });
}

/** What the page shows now. */
export function checkpointState(frame) {
  return frame.evaluate(() => {
    const shown = node => node && !node.closest('[hidden]');
    const text = selector => {
      const node = document.querySelector(selector);
      return shown(node) ? node.textContent : '';
    };
    const painted = selector => {
      const canvas = document.querySelector(`${selector} canvas`);
      if (!shown(canvas) || canvas.hidden) return 0;
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
      return count;
    };
    return {
      summary: text('.summary'),
      message: text('.message'),
      rows: [...document.querySelectorAll('.row')].map(row => ({
        label: row.querySelector('.name').textContent,
        detail: row.querySelector('.detail')?.textContent,
        norm: row.querySelector('.norm')?.textContent,
        change: row.querySelector('.change')?.textContent,
        speech: row.getAttribute('aria-label'),
        depth: Number(row.getAttribute('aria-level')),
        selected: row.getAttribute('aria-selected') === 'true',
      })),
      tensor: text('.inspector h1'),
      facts: text('.inspector .title .dim'),
      figures: Object.fromEntries(
        [...document.querySelectorAll('.statistics > div')]
          .filter(shown)
          .map(row => [row.querySelector('dt').textContent, row.querySelector('dd').textContent]),
      ),
      charts: [...document.querySelectorAll('.charts figure')].filter(shown).map(figure => ({
        title: figure.querySelector('h2').textContent,
        caption: figure.querySelector('figcaption .dim').textContent,
        speech: figure.querySelector('.chart').getAttribute('aria-label'),
        lines: figure.querySelectorAll('polyline').length,
      })),
      weightCells: painted('.map.weight'),
      deltaCells: painted('.map.delta'),
      slice: text('.slice'),
    };
  });
}

/** The row of exactly this name in the Explorer. */
export function explorerRow(page, name) {
  const label = page.locator('.label-name').filter({ hasText: new RegExp(`^${RegExp.escape(name)}$`) });
  return page.locator('.explorer-folders-view .monaco-list-row').filter({ has: label }).first();
}

/** Chooses an entry of the Explorer's context menu on a file. */
export async function inExplorer(page, file, entry) {
  await explorerRow(page, file).click({ button: 'right', ...PATIENT });
  await chooseInMenu(page, entry);
}
