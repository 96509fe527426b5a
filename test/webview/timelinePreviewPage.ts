// The page's side of the Timeline's preview: plays the host for the real view.

import {
  TimelineExport,
  TimelineReport,
  TimelineStepMessage,
} from '../../engine/protocol/timelineMessages.ts';
import { watchDraws } from './drawTimes.ts';
import { fakeHost } from './fakeHost.ts';
import { THEME_CLASS, type ThemeName, themeVariables } from './themes.ts';
import { timelineHost } from './timelineHost.ts';
import { TIMELINE_SCENES } from './timelineScenes.ts';

const query = new URLSearchParams(location.search);
const theme = query.get('theme') as ThemeName;
document.body.className = THEME_CLASS[theme];
document.body.dataset.title = 'timeline';
for (const [name, value] of Object.entries(themeVariables(theme))) {
  document.documentElement.style.setProperty(name, value);
}

const host = fakeHost(window);
const scene = TIMELINE_SCENES[query.get('scene') ?? 'ready'];
const { prepare } = timelineHost(host, scene);
// What an engine has answered before the page asks is no part of the page's time.
const columns = Number(query.get('columns') ?? 0);
if (columns) prepare(0, scene.state.total, columns);
const started = performance.now();

const nextFrame = () => new Promise<number>(resolve => requestAnimationFrame(resolve));
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

async function play(): Promise<void> {
  await pause(150);
  for (const { on, keys } of scene.keys ?? []) {
    document.querySelector<HTMLElement>(on)?.focus();
    for (const key of keys) {
      const focused = document.activeElement;
      const target = focused && focused !== document.body ? focused : document.querySelector(on);
      target?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      await nextFrame();
    }
  }
  await pause(500);
  await nextFrame();
}

/** Milliseconds from the page's start until the tracks of the whole run are drawn. */
async function opened(): Promise<number> {
  const drawn = (): boolean => {
    const canvas = document.querySelector<HTMLCanvasElement>('.track canvas');
    return !!canvas && !canvas.hidden && canvas.width > 300;
  };
  for (;;) {
    await nextFrame();
    if (drawn()) return performance.now() - started;
    if (performance.now() - started > 30_000) throw new Error('the Timeline was not drawn in 30 s');
  }
}

/** Moves the playhead once a frame along the whole run. Returns drawing times and times between frames, ms. */
async function scrub(frames: number): Promise<{ draws: number[]; intervals: number[] }> {
  const plot = document.querySelector<HTMLElement>('.track .plot[role=slider]')!;
  const box = plot.getBoundingClientRect();
  const move = (share: number, type: string): void => {
    const at = { clientX: box.left + share * (box.width - 1), clientY: box.top + 4 };
    plot.dispatchEvent(new PointerEvent(type, { ...at, button: 0, buttons: 1, bubbles: true }));
  };
  const intervals: number[] = [];
  draws.length = 0;
  let before = await nextFrame();
  for (let i = 0; i < frames; i++) {
    // A press goes to the place, as a drag does.
    move((i % 300) / 300, 'pointerdown');
    const now = await nextFrame();
    intervals.push(now - before);
    before = now;
  }
  return { draws: [...draws], intervals };
}

const draws = watchDraws();

const exported = (format: string) => host.request(TimelineExport.method, format);
const report = () => host.request(TimelineReport.method, undefined);
const step = (kind: string) => host.notify(TimelineStepMessage.method, kind);
const { hover, shot } = scene;
Object.assign(window, { preview: { play, opened, scrub, exported, report, step, hover, shot } });
