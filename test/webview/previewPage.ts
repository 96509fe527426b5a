// The page's side of the preview: plays the host for the real view.

import {
  LevelsExport,
  LevelsFrame,
  LevelsReady,
  LevelsResetMessage,
} from '../../engine/protocol/messages.ts';
import { watchDraws } from './drawTimes.ts';
import { fakeHost } from './fakeHost.ts';
import { SCENES } from './scenes.ts';
import { syntheticFrame, TICK } from './synthetic.ts';
import { THEME_CLASS, type ThemeName, themeVariables } from './themes.ts';

const query = new URLSearchParams(location.search);
const theme = query.get('theme') as ThemeName;
document.body.className = THEME_CLASS[theme];
for (const [name, value] of Object.entries(themeVariables(theme))) {
  document.documentElement.style.setProperty(name, value);
}
document.documentElement.style.background = 'var(--vscode-sideBar-background)';

const host = fakeHost(window);
const scene = SCENES[query.get('scene') ?? 'running'];
host.onMessage(message => {
  if ('method' in message && message.method === LevelsReady.method) {
    host.notify(LevelsResetMessage.method, scene.reset);
  }
});

const nextFrame = () => new Promise<number>(resolve => requestAnimationFrame(resolve));

async function play(): Promise<void> {
  await nextFrame();
  for (const { on, keys } of scene.keys ?? []) {
    const target = document.querySelector<HTMLElement>(on);
    target?.focus();
    for (const key of keys)
      target?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  }
  await nextFrame();
  await nextFrame();
}

/** Streams a run as fast as the view answers. Returns drawing times and times between frames, ms. */
async function stream(tokens: number, perFrame: number): Promise<{ draws: number[]; intervals: number[] }> {
  const intervals: number[] = [];
  const updates = perFrame / TICK;
  const first = scene.reset.state.run?.updates ?? 0;
  let before = await nextFrame();
  draws.length = 0;
  for (let update = first; update < first + tokens / TICK; update += updates) {
    await host.request(LevelsFrame.method, syntheticFrame(update, updates));
    const now = performance.now();
    intervals.push(now - before);
    before = now;
  }
  return { draws: [...draws], intervals };
}

const draws = watchDraws();

const exported = (format: string) => host.request(LevelsExport.method, format);
Object.assign(window, { preview: { play, stream, exported, hover: scene.hover } });
