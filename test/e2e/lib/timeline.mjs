// The Timeline as a reader of its page finds it.
import { webview } from './webview.mjs';
import { eventually } from './workbench.mjs';

/** The Timeline's page, once it shows a run with updates. */
export async function timelineIn(page, phase = 'ready') {
  const read = async () => {
    const frame = await webview(page, 'timeline');
    const main = await frame
      .evaluate(() => document.querySelector('main')?.dataset.phase)
      .catch(() => undefined);
    return { frame, main };
  };
  const { frame } = await eventually(read, ({ main }) => main === phase, {
    what: `the Timeline to be ${phase}`,
    timeout: 60_000,
  });
  return frame;
}

/** What the playhead, the tracks and the panel say now. */
export function timelineState(frame) {
  return frame.evaluate(() => {
    const text = selector => document.querySelector(selector)?.textContent ?? '';
    const slider = document.querySelector('.track.selected .plot');
    return {
      updates: Number(document.querySelector('main').dataset.updates),
      most: Number(slider?.ariaValueMax),
      cell: slider?.getAttribute('aria-valuetext') ?? '',
      place: text('.bar .place'),
      tokens: document.querySelectorAll('.text .tok').length,
      current: [...document.querySelectorAll('.tok.current')].map(token => token.textContent).join(''),
      values: Object.fromEntries(
        [...document.querySelectorAll('.track.heat')].map(track => [
          track.dataset.level,
          track.querySelector('.value').textContent,
        ]),
      ),
      card: document.querySelector('.card.shown')?.textContent ?? '',
      words: text('.restore-words'),
      message: document.querySelector('.message')?.hidden ? '' : text('.message'),
    };
  });
}

/** Marks that are really drawn in the heat map of a level: cells of its SVG, or painted columns of its canvas. */
export function heatMarks(frame, level) {
  return frame.locator(`.track.heat[data-level="${level}"]`).evaluate(track => {
    const canvas = track.querySelector('.plot canvas');
    if (!canvas || canvas.hidden) return track.querySelectorAll('.plot .marks rect').length;
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return Array.from({ length: width }, (_, x) => x).filter(x =>
      Array.from({ length: height }, (_, y) => data[(y * width + x) * 4 + 3]).some(alpha => alpha > 0),
    ).length;
  });
}
