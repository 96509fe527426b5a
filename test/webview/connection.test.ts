import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChartExport, LevelsState } from '../../engine/protocol/index.ts';
import {
  LevelsExport,
  LevelsFrame,
  LevelsReady,
  LevelsResetMessage,
  LevelsRun,
  LevelsStateMessage,
} from '../../engine/protocol/messages.ts';
import { browser } from './browser.ts';
import { type FakeHost, fakeHost } from './fakeHost.ts';
import { SCENES } from './scenes.ts';
import { BLOCKS, LEVELS, synthetic, syntheticFrame } from './synthetic.ts';
import { themeVariables } from './themes.ts';

let host: FakeHost;
let frames: FrameRequestCallback[];

/** Runs what waits for the next animation frame. */
function animate(): void {
  const due = frames;
  frames = [];
  for (const callback of due) callback(performance.now());
}
const settled = () => new Promise(resolve => setTimeout(resolve));
const sent = (method: string): unknown[] =>
  host.sent.flatMap(message => ('method' in message && message.method === method ? [message] : []));
const listeners: [string, EventListenerOrEventListenerObject][] = [];

beforeEach(async () => {
  vi.resetModules();
  browser({ panel: 320, track: 296 });
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => frames.push(callback));
  for (const [name, value] of Object.entries(themeVariables('dark'))) {
    document.documentElement.style.setProperty(name, value);
  }
  const add = window.addEventListener.bind(window);
  vi.spyOn(window, 'addEventListener').mockImplementation(
    (type: string, listener: EventListenerOrEventListenerObject) => {
      listeners.push([type, listener]);
      add(type, listener);
    },
  );
  host = fakeHost(window);
  await import('../../webviews/levels/main.ts');
});
afterEach(() => {
  for (const [type, listener] of listeners.splice(0)) window.removeEventListener(type, listener);
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const state = (phase: LevelsState['phase']): LevelsState => ({ ...SCENES.running.reset.state, phase });

test('asks for the backlog once it runs, and shows it in the next frame', () => {
  expect(sent(LevelsReady.method)).toHaveLength(1);
  host.notify(LevelsResetMessage.method, SCENES.running.reset);
  animate();
  expect(document.querySelector('.phase')?.textContent).toBe('Running');
  expect(document.querySelectorAll('[role=listitem]')).toHaveLength(LEVELS.length);
  host.notify(LevelsStateMessage.method, state('finished'));
  animate();
  expect(document.querySelector('.phase')?.textContent).toBe('Finished');
});

test('buttons send commands', () => {
  host.notify(LevelsResetMessage.method, SCENES.running.reset);
  animate();
  document.querySelector<HTMLElement>('.run vscode-button')?.click();
  expect(sent(LevelsRun.method)).toMatchObject([{ params: 'stop', receiver: { type: 'extension' } }]);
});

describe('frames', () => {
  beforeEach(() => {
    host.notify(LevelsResetMessage.method, SCENES.running.reset);
    animate();
  });

  test('are answered when drawn, however many came, in one drawing', async () => {
    let answered = 0;
    for (let i = 0; i < 3; i++) {
      host.request(LevelsFrame.method, syntheticFrame(203 + i, 1)).then(() => answered++);
    }
    await settled();
    expect(answered).toBe(0);
    expect(frames).toHaveLength(1);
    animate();
    await settled();
    expect(answered).toBe(3);
    expect(document.querySelector('[data-level=memory]')?.getAttribute('data-updates')).toBe('206');
  });

  test('are answered at once while the page is hidden', async () => {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    await host.request(LevelsFrame.method, syntheticFrame(203, 1));
    animate();
    expect(document.querySelector('[data-level=memory]')?.getAttribute('data-updates')).toBe('204');
  });

  test('are answered when no animation frame comes for long', async () => {
    await host.request(LevelsFrame.method, syntheticFrame(203, 1));
    expect(frames).toHaveLength(1);
  });

  test('out of order are refused, and the backlog is asked for so that nothing is lost', async () => {
    await expect(host.request(LevelsFrame.method, syntheticFrame(210, 1))).rejects.toThrow(/expected 203/);
    expect(sent(LevelsReady.method)).toHaveLength(2);
    host.notify(LevelsResetMessage.method, { state: state('running'), backlog: syntheticFrame(0, 211) });
    const next = host.request(LevelsFrame.method, syntheticFrame(211, 1));
    await settled();
    animate();
    await next;
    expect(document.querySelector('[data-level=memory]')?.getAttribute('data-updates')).toBe('212');
  });

  test('a damaged backlog does not hide the state', () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const backlog = { ...syntheticFrame(0, 4), data: new ArrayBuffer(3) };
    host.notify(LevelsResetMessage.method, { state: state('finished'), backlog });
    animate();
    expect(document.querySelector('.phase')?.textContent).toBe('Finished');
    expect(log).toHaveBeenCalledOnce();
  });
});

describe('export', () => {
  const exported = (format: string) => host.request(LevelsExport.method, format) as Promise<ChartExport>;
  beforeEach(() => {
    host.notify(LevelsResetMessage.method, SCENES.running.reset);
    animate();
  });

  test('CSV has every update, block and level at full precision', async () => {
    const { format, text } = await exported('csv');
    expect(format).toBe('csv');
    const [head, ...rows] = text!.trimEnd().split('\n');
    expect(head).toBe(
      'update_index,position,tokens,loss,block_index,level,period,' +
        'fired,gradientNorm,deltaNorm,weightNorm,drift,lss,eta,alpha,pending',
    );
    expect(rows).toHaveLength(203 * BLOCKS * 5);
    const [update] = synthetic(202, 1);
    const last = rows.at(-1)!.split(',');
    expect(last.slice(0, 7)).toEqual([
      '202',
      '808',
      '4',
      String(Math.fround(update.loss)),
      '3',
      'cms.2',
      '1024',
    ]);
    const numbers = [...update.metrics.slice(-9)].map(n => (Number.isNaN(n) ? '' : String(n)));
    expect(last.slice(7)).toEqual(numbers);
  });

  test('JSON has the same rows and every surprise', async () => {
    const { text } = await exported('json');
    const data = JSON.parse(text!);
    expect(data.updates).toHaveLength(203 * BLOCKS * 5);
    expect(data.updates[0]).toMatchObject({ update_index: 0, block_index: 0, level: 'memory', fired: 1 });
    expect(data.updates[2].eta).toBeNull();
    expect(data.surprise.flatMap((s: { nats: number[] }) => s.nats)).toEqual(
      synthetic(0, 203).flatMap(({ surprise }) => [...surprise]),
    );
    expect(data.run.title).toBe('harbour-log.md, lines 12 to 48');
  });

  test('SVG stands alone: resolved colours, a background, a title, no scripts and no variables', async () => {
    const { text } = await exported('svg');
    const picture = new DOMParser().parseFromString(text!, 'image/svg+xml');
    expect(picture.querySelector('parsererror')).toBeNull();
    expect(picture.documentElement.getAttribute('xmlns')).toBe('http://www.w3.org/2000/svg');
    expect(picture.querySelector('rect')?.getAttribute('fill')).toBe('#181818');
    expect(picture.querySelector('title')?.textContent).toContain('Surprise of tokens 556 to 811');
    expect(text).not.toMatch(/var\(|script|style=|NaN|undefined/);
    const words = [...picture.querySelectorAll('text')].map(node => node.textContent);
    for (const { id } of LEVELS) expect(words).toContain(id);
    expect(words).toContain('20 tokens to go');
    expect(text).toMatchSnapshot();
  });

  test('PNG without a canvas and an unknown format are refused in words', async () => {
    await expect(exported('png')).rejects.toThrow(/no canvas .* export SVG instead/);
    await expect(exported('gif')).rejects.toThrow(/cannot export gif; choose svg, png, csv or json/);
  });
});
