import { describe, expect, test } from 'vitest';
import type { LevelsState } from '../../engine/protocol/index.ts';
import { type Action, initialState, reduce, SPANS, type ViewState } from '../../webviews/levels/state.ts';
import { passesIn, shownUpdate, timeWindow, updateOfToken } from '../../webviews/levels/timeWindow.ts';
import { BLOCKS, LEVELS, syntheticFrame } from './synthetic.ts';

const model = { name: 'm', blocks: BLOCKS, levels: LEVELS };
const run = { id: 'run', title: 't', position: 0, total: 4000, updates: 0, tokensPerSecond: 0 };
const running: LevelsState = { phase: 'running', model, run };
const play = (actions: readonly Action[], from: ViewState = initialState): ViewState =>
  actions.reduce(reduce, from);
const started = (updates: number): ViewState =>
  play([{ type: 'reset', reset: { state: running, backlog: syntheticFrame(0, updates) } }]);

describe('host', () => {
  test('a reset forgets the updates of before and shows the backlog', () => {
    const state = play([
      { type: 'reset', reset: { state: running, backlog: syntheticFrame(0, 9) } },
      { type: 'step', step: 'previous' },
      { type: 'reset', reset: { state: running, backlog: syntheticFrame(100, 3) } },
    ]);
    expect(state.history.updates.map(({ index }) => index)).toEqual([100, 101, 102]);
    expect(state.cursor).toBeUndefined();
  });

  test('frames follow the backlog; one out of order is refused and the state is unchanged', () => {
    const state = play([{ type: 'frame', frame: syntheticFrame(9, 2) }], started(9));
    expect(state.history.updates).toHaveLength(11);
    expect(() => reduce(state, { type: 'frame', frame: syntheticFrame(20, 1) })).toThrow(/expected 11/);
    expect(() => reduce(state, { type: 'frame', frame: syntheticFrame(0, 1) })).toThrow(/expected 11/);
    expect(state.history.updates).toHaveLength(11);
  });

  test('another run begins empty, the same run keeps its updates', () => {
    const state = started(9);
    const same = reduce(state, { type: 'state', state: { ...running, phase: 'finished' } });
    expect(same.history).toBe(state.history);
    const other = reduce(state, { type: 'state', state: { ...running, run: { ...run, id: 'next' } } });
    expect(other.history.updates).toHaveLength(0);
    const grown = reduce(other, { type: 'frame', frame: syntheticFrame(0, 2, {}, 'next') });
    expect(grown.history.updates).toHaveLength(2);
  });

  test('a model with fewer blocks lets go of the selected one', () => {
    const state = play([{ type: 'block', block: 3 }], started(2));
    expect(state.block).toBe(3);
    const smaller = { ...running, model: { ...model, blocks: 2 } };
    expect(reduce(state, { type: 'state', state: smaller }).block).toBeUndefined();
  });
});

describe('window', () => {
  test('follows the newest update, and starts at 0 until it is full', () => {
    expect(timeWindow(started(9))).toEqual({ from: 0, to: 256 });
    expect(timeWindow(started(203))).toEqual({ from: 556, to: 812 });
  });

  test('zoom goes through the widths, stops at both ends and 0 brings it back', () => {
    const widths: number[] = [];
    let state = started(2);
    for (let i = 0; i < 12; i++) {
      state = reduce(state, { type: 'zoom', by: i < 6 ? -1 : 1 });
      widths.push(state.span);
    }
    expect(widths).toEqual([512, 1024, 2048, 4096, 4096, 4096, 2048, 1024, 512, 256, 128, 64]);
    expect(reduce(state, { type: 'zoom', by: 1 }).span).toBe(SPANS[0]);
    expect(reduce(state, { type: 'zoom', by: 0 }).span).toBe(256);
  });

  test('passes begin at multiples of the tokens of one pass', () => {
    const state = started(203);
    const told = { ...running, run: { ...run, total: 1400, tokens: 700 } };
    expect(passesIn(state, timeWindow(state))).toEqual([]);
    const passes = passesIn(reduce(state, { type: 'state', state: told }), { from: 556, to: 812 });
    expect(passes).toEqual([{ position: 700, pass: 2 }]);
  });

  test('finds the update that read a token', () => {
    const { updates } = started(203).history;
    expect(updateOfToken(updates, 0)?.index).toBe(0);
    expect(updateOfToken(updates, 703)?.index).toBe(175);
    expect(updateOfToken(updates, 704)?.index).toBe(176);
    expect(updateOfToken(updates, 9999)?.index).toBe(202);
  });
});

describe('cursor', () => {
  const step = (state: ViewState, ...steps: (Action & { type: 'step' })['step'][]): ViewState =>
    play(
      steps.map(s => ({ type: 'step', step: s })),
      state,
    );

  test('moves update by update and follows the newest again at the end', () => {
    const state = started(203);
    expect(step(state, 'previous').cursor).toBe(201);
    expect(step(state, 'previous', 'previous', 'next').cursor).toBe(201);
    expect(step(state, 'previous', 'next').cursor).toBeUndefined();
    expect(step(state, 'first').cursor).toBe(0);
    expect(step(state, 'first', 'previous').cursor).toBe(0);
    expect(step(state, 'first', 'live').cursor).toBeUndefined();
    expect(step(state, { to: 42 }).cursor).toBe(42);
  });

  test('stands still while updates arrive, and its window with it', () => {
    const state = step(started(203), 'previous', 'previous');
    const before = timeWindow(state);
    const after = reduce(state, { type: 'frame', frame: syntheticFrame(203, 50) });
    expect(shownUpdate(after)?.index).toBe(200);
    expect(timeWindow(after)).toEqual(before);
  });

  test('takes the window along when it leaves it', () => {
    const state = step(started(203), 'first');
    expect(timeWindow(state)).toEqual({ from: 0, to: 256 });
    expect(timeWindow(step(state, { to: 100 }))).toEqual({ from: 148, to: 404 });
  });

  test('goes on to the oldest kept update when its own has gone', () => {
    let state = step(started(203), 'first');
    for (let first = 203; first < 4203; first += 1000) {
      state = reduce(state, { type: 'frame', frame: syntheticFrame(first, 1000) });
    }
    expect(state.history.updates[0].index).toBeGreaterThan(2000);
    expect(state.cursor).toBe(state.history.updates[0].index);
    const { from, to } = timeWindow(state);
    expect(from).toBeLessThanOrEqual(shownUpdate(state)!.position);
    expect(to).toBeGreaterThan(shownUpdate(state)!.position);
  });

  test('finds changes of the selected level and of the slow levels', () => {
    const onCms0 = reduce(started(203), { type: 'focus', region: 2 });
    expect(step(onCms0, 'previousChange').cursor).toBe(191);
    expect(step(onCms0, 'previousChange', 'previousChange').cursor).toBe(175);
    expect(step(onCms0, 'previousChange', 'previousChange', 'nextChange').cursor).toBe(191);
    // cms.1 and cms.2 are the slower half; cms.1 fires every 64 updates.
    expect(step(onCms0, 'previousSlow').cursor).toBe(191);
    expect(step(onCms0, 'previousSlow', 'previousSlow').cursor).toBe(127);
    expect(step(reduce(started(203), { type: 'focus', region: 4 }), 'previousChange').cursor).toBeUndefined();
  });

  test('without updates there is nothing to stand on', () => {
    const empty = play([{ type: 'reset', reset: { state: running } }]);
    expect(step(empty, 'previous', 'first').cursor).toBeUndefined();
  });
});

test('Escape hides the card until the keyboard or the pointer moves on', () => {
  const focused = play([{ type: 'focus', region: 2 }, { type: 'dismissCard' }], started(9));
  expect(focused.cardDismissed).toBe(true);
  expect(reduce(focused, { type: 'step', step: 'previous' }).cardDismissed).toBe(false);
  expect(reduce(focused, { type: 'pointer', pointer: { region: 1, update: 3 } }).cardDismissed).toBe(false);
  expect(reduce(focused, { type: 'frame', frame: syntheticFrame(9, 1) }).cardDismissed).toBe(true);
});
