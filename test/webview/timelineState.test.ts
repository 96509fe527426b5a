import { describe, expect, test, vi } from 'vitest';
import type { RunInfo, TimelineState, TimelineStep } from '../../engine/protocol/index.ts';
import { originOf, positionAfter, tickOf, updatesAt } from '../../webviews/timeline/geometry.ts';
import { CHUNK, firedIn, noPieces, updateAt } from '../../webviews/timeline/runPieces.ts';
import {
  type Action,
  initialState,
  playheadPosition,
  reduce,
  type ViewState,
} from '../../webviews/timeline/state.ts';
import { levelCells, sourceOf, surpriseSteps } from '../../webviews/timeline/trackData.ts';
import { MOST_DETAIL, type Want, wants } from '../../webviews/timeline/wants.ts';
import { synthetic, TICK } from './synthetic.ts';
import {
  forgettingIn,
  frameOf,
  interferenceIn,
  overviewOf,
  partsOf,
  runInfo,
  spectrumOf,
  tokensOf,
} from './syntheticRun.ts';

vi.setConfig({ testTimeout: 60_000 });

/** What the host would answer. */
function answer(run: RunInfo, want: Want): Action {
  switch (want.kind) {
    case 'chunk':
      return {
        type: 'chunk',
        run: want.run,
        chunk: want.chunk,
        frame: frameOf(run, want.chunk * CHUNK, CHUNK),
      };
    case 'tokens':
      return {
        type: 'tokens',
        run: want.run,
        chunk: want.chunk,
        texts: tokensOf(run, want.chunk * 512, 512).texts,
      };
    case 'overview':
    case 'whole':
      return { type: want.kind, run: want.run, overview: overviewOf(run, want.from, want.to, want.columns) };
    case 'spectrum':
      return { type: 'spectrum', spectrum: spectrumOf(want.from, want.to, want.level, want.block) };
    case 'parts':
      return { type: 'parts', parts: partsOf(want.update, want.level, want.block) };
    case 'forgetting':
      return { type: 'forgetting', forgetting: { ...forgettingIn(run), scores: want.scores } };
    case 'interference':
      return { type: 'interference', interference: interferenceIn(run, want.from, want.to) };
  }
}

/** Reads all that is wanted. @returns the state and how many answers it took */
function loaded(state: ViewState): { state: ViewState; reads: number } {
  let reads = 0;
  for (let [want] = wants(state); want; [want] = wants(state)) {
    const run = 'run' in want && want.run === 1 ? state.host.other! : state.host.run!;
    state = reduce(state, answer(run, want));
    if (++reads > 200) throw new Error(`still wanted: ${want.key}`);
  }
  return { state, reads };
}

const hostState = (run: RunInfo, more: Partial<TimelineState> = {}): TimelineState => ({
  ...{ phase: 'ready', run, total: run.positions, live: false },
  ...more,
});
const open = (updates: number, more: Partial<TimelineState> = {}, info: Partial<RunInfo> = {}): ViewState => {
  const host = hostState(runInfo(updates, info), more);
  return loaded(reduce(reduce(initialState, { type: 'width', width: 600 }), { type: 'host', state: host }))
    .state;
};
const step = (state: ViewState, ...steps: TimelineStep[]): ViewState =>
  steps.reduce((s, one) => loaded(reduce(s, { type: 'step', step: one })).state, state);

describe('opening a run', () => {
  test('shows all of it, with the playhead at its end', () => {
    const state = open(300);
    expect(state.updates).toBe(300);
    expect(state.window).toEqual({ from: 0, to: 1200 });
    expect(playheadPosition(state)).toBe(1200);
  });

  test('reads few pieces however long the run is', () => {
    const host = hostState(runInfo(8000));
    const { reads, state } = loaded(
      reduce(reduce(initialState, { type: 'width', width: 600 }), { type: 'host', state: host }),
    );
    expect(reads).toBeLessThan(16);
    expect([...state.pieces[0].chunks.values()].flat().length).toBeLessThanOrEqual(6 * CHUNK);
    expect(sourceOf(state, 0)?.overview?.columns).toBe(600);
  });

  test('asks for nothing before the width is known, and nothing twice', () => {
    const host = hostState(runInfo(300));
    expect(wants(reduce(initialState, { type: 'host', state: host }))).toEqual([]);
    expect(wants(open(300))).toEqual([]);
  });

  test('what could not be read is not asked for again until the run changes', () => {
    const run = runInfo(300);
    let state = reduce(reduce(initialState, { type: 'width', width: 600 }), {
      type: 'host',
      state: hostState(run),
    });
    const [{ key }] = wants(state);
    state = reduce(state, { type: 'problem', key, text: 'the disk refused to read' });
    expect(wants(state).map(want => want.key)).not.toContain(key);
    state = reduce(state, { type: 'host', state: hostState(runInfo(301)) });
    expect(state.problems.size).toBe(0);
  });

  test('a chunk of another place or shape is refused', () => {
    const state = open(300);
    const frame = frameOf(runInfo(300), 3, 4);
    expect(() => reduce(state, { type: 'chunk', run: 0, chunk: 0, frame })).toThrow(
      'expected updates from 0',
    );
    const other = { ...frameOf(runInfo(300), 0, 4), levels: 2 };
    expect(() => reduce(state, { type: 'chunk', run: 0, chunk: 0, frame: other })).toThrow('expected 4 × 5');
  });
});

describe('geometry', () => {
  test('positions and updates lead back to each other', () => {
    const run = runInfo(300);
    expect(tickOf(run)).toBe(TICK);
    for (const updates of [1, 2, 150, 300]) {
      const position = positionAfter(run, noPieces, updates);
      expect(updatesAt(run, noPieces, position - 1)).toBe(updates);
    }
    expect(updatesAt(run, noPieces, 0)).toBe(1);
    expect(updatesAt(run, noPieces, 1e9)).toBe(300);
  });

  test('a branch begins where its parent was left', () => {
    const run = runInfo(100, { positions: 800 + 100 * TICK });
    expect(originOf(run)).toBe(800);
    expect(positionAfter(run, noPieces, 1)).toBe(804);
  });
});

describe('stepping', () => {
  test('by one, to the ends, and not beyond', () => {
    const state = open(300);
    expect(step(state, 'previous').updates).toBe(299);
    expect(step(state, 'first', 'previous').updates).toBe(0);
    expect(step(state, 'first', 'next', 'next').updates).toBe(2);
    expect(step(state, 'next').updates).toBe(300);
    expect(step(state, 'first').follow).toBe(false);
    expect(step(state, 'first', 'last').follow).toBe(true);
  });

  test('to the next slow boundary and back', () => {
    // The slower half of memory 4, projections 16, cms 64, 256, 1024 begins at 256 tokens.
    expect(playheadPosition(step(open(300), 'first', 'nextSlow'))).toBe(256);
    expect(playheadPosition(step(open(300), 'first', 'nextSlow', 'nextSlow'))).toBe(512);
    expect(playheadPosition(step(open(300), 'previousSlow', 'previousSlow'))).toBe(768);
  });

  test('to the next change of the selected level, over chunks that are not loaded yet', () => {
    let state = open(6000);
    state = reduce(state, { type: 'select', row: { kind: 'level', level: 4, block: 1 } });
    state = step(state, 'first', 'nextChange');
    expect(playheadPosition(state)).toBe(1024);
    expect(firedIn(updateAt(state.pieces[0], state.updates - 1)!, state.host.run!, 4)).toBe(true);
    expect(playheadPosition(step(state, 'nextChange', 'nextChange'))).toBe(3072);
    expect(playheadPosition(step(state, 'nextChange', 'previousChange'))).toBe(1024);
  });

  test('to the next change that does not exist stays', () => {
    const state = step(
      reduce(open(100), { type: 'select', row: { kind: 'level', level: 4, block: 0 } }),
      'first',
    );
    expect(step(state, 'nextChange')).toMatchObject({ updates: 0, search: undefined });
  });

  test('to the next score of a probe', () => {
    const state = reduce(open(300), { type: 'select', row: { kind: 'probes' } });
    expect(step(state, 'first', 'nextChange').updates).toBe(38);
    expect(step(state, 'previousChange').updates).toBe(263);
  });

  test('rows go from surprise over every block of every level to drift', () => {
    const down = Array<TimelineStep>(60).fill('rowDown');
    expect(step(open(20), ...down.slice(0, 3)).row).toEqual({ kind: 'level', level: 0, block: 0 });
    expect(step(open(20), ...down.slice(0, 8))).toMatchObject({ level: 1, block: 1 });
    expect(step(open(20), ...down).row).toEqual({ kind: 'drift' });
    expect(step(open(20), 'rowUp').row).toEqual({ kind: 'surprise' });
  });

  test('playing goes on to the end and stops there', () => {
    let state = step(open(300), 'play');
    expect(state).toMatchObject({ playing: true, updates: 0 });
    for (let i = 0; i < 300; i++) state = reduce(state, { type: 'tick' });
    expect(state).toMatchObject({ updates: 300, playing: true });
    expect(reduce(state, { type: 'tick' }).playing).toBe(false);
    expect(step(state, 'previous').playing).toBe(false);
  });
});

describe('window', () => {
  const width = ({ window: { from, to } }: ViewState): number => to - from;

  test('zooms about the playhead and keeps its width while stepping', () => {
    let state = step(open(300), 'first');
    for (let i = 0; i < 150; i++) state = step(state, 'next');
    state = step(state, 'zoomIn', 'zoomIn');
    expect(width(state)).toBe(300);
    expect(state.window.from).toBeLessThan(600);
    expect(state.window.to).toBeGreaterThan(600);
    for (let i = 0; i < 100; i++) {
      state = step(state, 'next');
      expect(width(state)).toBe(300);
      expect(playheadPosition(state)).toBeGreaterThanOrEqual(state.window.from);
      expect(playheadPosition(state)).toBeLessThanOrEqual(state.window.to);
    }
    expect(step(state, 'zoomReset').window).toEqual({ from: 0, to: 1200 });
  });

  test('stays inside the run and is never too narrow to see an update', () => {
    const wide = reduce(open(300), { type: 'window', window: { from: -500, to: 9000 } });
    expect(wide.window).toEqual({ from: 0, to: 1200 });
    const narrow = reduce(open(300), { type: 'window', window: { from: 1199, to: 1200 } });
    expect(narrow.window).toEqual({ from: 1168, to: 1200 });
  });

  test('a run that grows is followed, and the zoom is kept', () => {
    const live = { live: true, total: 8000 };
    let state = open(300, live);
    expect(state.window).toEqual({ from: 0, to: 8000 });
    state = step(state, 'zoomIn', 'zoomIn', 'zoomIn');
    for (const updates of [500, 900, 1500]) {
      state = loaded(reduce(state, { type: 'host', state: hostState(runInfo(updates), live) })).state;
      expect(width(state)).toBe(1000);
      expect(state.updates).toBe(updates);
      expect(state.window.to).toBeGreaterThanOrEqual(updates * TICK);
    }
    state = step(state, 'previous');
    state = reduce(state, { type: 'host', state: hostState(runInfo(1600), live) });
    expect(state.updates).toBe(1499);
  });
});

describe('what tracks are drawn from', () => {
  test('a narrow window from its updates, a wide one from an overview', () => {
    const state = open(5000);
    expect(sourceOf(state, 0)?.overview).toBeDefined();
    const near = loaded(
      reduce(state, { type: 'window', window: { from: 4000, to: 4000 + MOST_DETAIL * TICK } }),
    ).state;
    expect(sourceOf(near, 0)?.updates?.length).toBeGreaterThan(1000);
  });

  test('while a piece is being read the coarser one stays', () => {
    const state = open(6000);
    const moved = reduce(state, { type: 'window', window: { from: 6000, to: 16_000 } });
    expect(sourceOf(moved, 0)?.overview).toBe(state.pieces[0].whole);
  });

  test('cells of both kinds lie on the same boundaries', () => {
    const near = open(300);
    const detail = levelCells(sourceOf(near, 0)!, 3)[0];
    expect(detail.map(({ from, to }) => [from, to])).toEqual(
      [0, 256, 512, 768].map(from => [from, from + 256]),
    );
    const run = near.host.run!;
    const overview = { run, overview: overviewOf(run, 0, 1200, 300) };
    expect(levelCells(overview, 3)[0].map(({ from, to }) => [from, to])).toEqual(
      detail.map(({ from, to }) => [from, to]),
    );
    const strengths = levelCells(overview, 3)[0].map(({ rho }) => rho.toFixed(7));
    expect(strengths).toEqual(detail.map(({ rho }) => rho.toFixed(7)));
  });

  test('no spike disappears in the overview', () => {
    const run = runInfo(2000);
    const all = synthetic(0, 2000).flatMap(({ surprise }) => [...surprise]);
    const highest = Math.max(...all);
    const [{ values }] = surpriseSteps({ run, overview: overviewOf(run, 0, 8000, 100) });
    expect(Math.max(...(values as Float32Array))).toBe(highest);
  });
});

describe('spectrum', () => {
  test('is asked for between the states about the level’s last update', () => {
    const state = reduce(open(300), { type: 'select', row: { kind: 'level', level: 2, block: 1 } });
    // cms.0 was last updated by the update that ends at token 1152.
    expect(wants(state)).toMatchObject([{ kind: 'spectrum', from: 287, to: 288, level: 'cms.0', block: 1 }]);
    const since = reduce(state, { type: 'range', range: 'run' });
    expect(wants(since)).toMatchObject([{ kind: 'spectrum', from: 0, to: 300 }]);
  });

  test('and the parts of a write only where there are gates', () => {
    const state = reduce(open(300), { type: 'select', row: { kind: 'level', level: 1, block: 1 } });
    expect(wants(state).map(({ kind }) => kind)).toEqual(['spectrum', 'parts']);
  });

  test('never while it trains, plays, or without the model', () => {
    const select: Action = { type: 'select', row: { kind: 'level', level: 0, block: 1 } };
    expect(wants(reduce(open(300, { live: true }), select))).toEqual([]);
    expect(wants(reduce(open(300, {}, { unavailable: 'It needs the model.' }), select))).toEqual([]);
    const playing = reduce(step(open(300), 'play'), select);
    expect(wants(playing).filter(({ kind }) => kind === 'spectrum')).toEqual([]);
  });
});
