import { describe, expect, it } from 'vitest';
import { decodeFrame, METRIC_INDEX, METRICS, type Update } from '../../engine/protocol/index.ts';
import { relativeUpdate } from '../../extension/state/levelTotals.ts';
import { RunHistory } from '../../extension/state/runHistory.ts';
import { toDocument } from '../../extension/state/trainedText.ts';

const segments = [
  { textStart: 0, documentStart: 10, length: 4 },
  { textStart: 5, documentStart: 30, length: 5 },
];
const text = { documentUri: 'file:///a.txt', documentVersion: 3, segments };
const levels = [
  { id: 'memory', period: 2 },
  { id: 'cms.0', period: 4 },
  { id: 'outer', period: 0 },
] as const;

function run(kept?: number, bytes?: number): RunHistory {
  return new RunHistory({ id: 'r', title: 'a.txt', text, blocks: 2, levels }, kept, bytes);
}

/** An update of two tokens whose surprise is its index; `delta` a level for both blocks, 0 does not fire. */
function update(index: number, delta: readonly number[] = [1, 0], tokens = 2): Update {
  const metrics = new Float32Array(2 * 2 * METRICS.length);
  for (let block = 0; block < 2; block++) {
    delta.forEach((norm, level) => {
      const at = (block * 2 + level) * METRICS.length;
      metrics[at + METRIC_INDEX.fired] = norm > 0 ? 1 : 0;
      metrics[at + METRIC_INDEX.deltaNorm] = norm * (block + 1);
      metrics[at + METRIC_INDEX.weightNorm] = 10;
      metrics[at + METRIC_INDEX.drift] = 0.5;
      metrics[at + METRIC_INDEX.pending] = 2;
    });
  }
  return { index, position: index * 2, loss: 1, surprise: new Float32Array(tokens).fill(index), metrics };
}

/** Five tokens of two characters: 10 UTF-16 units, the break between the selections inside the third. */
function tokenised(history: RunHistory): RunHistory {
  history.addTokens({
    runId: 'r',
    first: 0,
    starts: Uint32Array.from([0, 2, 4, 6, 8]),
    ends: Uint32Array.from([2, 4, 6, 8, 10]),
  });
  return history;
}

describe('RunHistory', () => {
  it('leaves out the outer level and starts where the text starts in the document', () => {
    const history = run();
    expect(history.levels.map(level => level.id)).toEqual(['memory', 'cms.0']);
    expect(history).toMatchObject({ documentUri: 'file:///a.txt', documentVersion: 3, documentStart: 10 });
  });

  it('keeps the surprise of the first and of the latest pass, with ticks that run across the passes', () => {
    const history = tokenised(run());
    // Positions 0…7: the third update reads token 4 and, as the first of the second pass, token 0.
    history.append([0, 1, 2, 3].map(i => update(i)));
    expect(Array.from(history.firstSurprise)).toEqual([0, 0, 1, 1, 2]);
    expect(Array.from(history.latestSurprise)).toEqual([2, 3, 3, 1, 2]);
  });

  it('marks tokens that were not read yet', () => {
    const history = run();
    history.append([update(1)]);
    expect(Array.from(history.latestSurprise)).toEqual([Number.NaN, Number.NaN, 1, 1]);
  });

  it('goes on as another run that knows the text and its surprise, and has no update yet', () => {
    const history = tokenised(run());
    history.append([update(0), update(1)]);
    const rest = history.continued('s');
    expect([rest.id, rest.title, rest.tokens, rest.updates]).toEqual(['s', 'a.txt', 5, 0]);
    expect([...rest.latestSurprise]).toEqual([...history.latestSurprise]);
    rest.append([{ ...update(0), position: 4, surprise: Float32Array.of(7) }]);
    expect([...rest.latestSurprise]).toEqual([0, 0, 1, 1, 7]);
    expect(history.updates).toBe(2);
  });

  it('is as far as its newest update or its last progress, whichever came further', () => {
    const history = run();
    expect(history.position).toBe(0);
    history.append([update(0), update(1), update(2)]);
    history.progress = { position: 4, total: 20, tokensPerSecond: 1 };
    expect(history.position).toBe(6);
    history.progress = { position: 8, total: 20, tokensPerSecond: 1 };
    expect(history.position).toBe(8);
  });

  it('takes an update once', () => {
    const history = run();
    expect(history.append([update(0), update(1)])).toHaveLength(2);
    expect(history.append([update(1), update(2)]).map(u => u.index)).toEqual([2]);
    expect(history.updates).toBe(3);
    expect(history.totals()[0].fired).toBe(3);
  });

  it('refuses an update of another shape', () => {
    const history = run();
    expect(() => history.append([{ ...update(0), metrics: new Float32Array(3) }])).toThrow(
      `Update 0 has 3 numbers where the model has ${4 * METRICS.length}`,
    );
  });

  it('finds the updates that read a token, newest pass first', () => {
    const history = tokenised(run());
    history.append([0, 1, 2, 3, 4, 5, 6].map(i => update(i)));
    expect(history.lastUpdatesFor(0).map(u => u.index)).toEqual([5, 2, 0]);
    expect(history.lastUpdatesFor(4).map(u => u.index)).toEqual([4, 2]);
    expect(history.updateAt(3)?.index).toBe(6);
    expect(history.updateAt(7)).toBeUndefined();
    expect(history.updateAt(-1)).toBeUndefined();
  });

  it('finds a token past an update that read none', () => {
    const history = tokenised(run());
    history.append([update(0), { ...update(1, [1, 1], 0) }, { ...update(2), position: 2 }]);
    expect(history.updateAt(2)?.index).toBe(2);
    expect(history.updateAt(1)?.index).toBe(0);
  });

  it('keeps no more updates than its bound, and the newest ones', () => {
    const history = tokenised(run(100));
    for (let i = 0; i < 5000; i++) history.append([update(i)]);
    expect(history.keptUpdates).toBe(100);
    expect(history.kept()[0].index).toBe(4900);
    expect(history.updates).toBe(5000);
    expect(history.totals()[0].fired).toBe(5000);
    expect(history.updateAt(0)?.index).toBe(4997);
    expect(history.lastUpdatesFor(0).length).toBe(40);
  });

  it('keeps no more bytes than its bound, but always the newest update', () => {
    const history = run(100, 1000);
    history.append([0, 1, 2, 3, 4].map(i => update(i)));
    expect(history.keptUpdates).toBe(3);
    const small = run(100, 1);
    small.append([update(0), update(1)]);
    expect(small.kept().map(u => u.index)).toEqual([1]);
  });

  it('lets go of what came before a hole, so that the rest is one frame', () => {
    const history = run();
    history.append([update(0), update(1), update(4), update(5)]);
    expect(decodeFrame(history.frame(100)).map(u => u.index)).toEqual([4, 5]);
  });

  it('builds a backlog of the newest updates that fit', () => {
    const history = run();
    expect(history.frame(100)).toMatchObject({ runId: 'r', count: 0, blocks: 2, levels: 2 });
    history.append([0, 1, 2, 3].map(i => update(i)));
    const frame = history.frame(5);
    expect(frame).toMatchObject({ first: 2, count: 2 });
    expect(decodeFrame(frame).map(u => u.position)).toEqual([4, 6]);
    expect(history.frame(1).count).toBe(1);
    expect(history.frame(1000).count).toBe(4);
  });

  it('adds up what each level did', () => {
    const history = run();
    history.append([update(0, [1, 0]), update(1, [2, 3])]);
    const [memory, cms] = history.totals();
    expect(memory).toMatchObject({ id: 'memory', period: 2, fired: 2, drift: 0.5, pending: 2 });
    expect(memory.meanRelative).toBeCloseTo((0.1 + 0.2 + 0.2 + 0.4) / 4, 6);
    expect(memory.maxRelative).toBeCloseTo(0.4, 6);
    expect(cms.fired).toBe(1);
    expect(cms.lastRelative).toBeCloseTo(0.6, 6);
    expect(relativeUpdate(update(0, [1, 0]), 2, 1, 0)).toBeCloseTo(0.2, 6);
  });

  it('counts firings when nothing else was recorded', () => {
    const bare = update(0, [1, 0]);
    bare.metrics.fill(Number.NaN);
    bare.metrics[METRIC_INDEX.fired] = 1;
    const history = run();
    history.append([bare]);
    expect(history.totals()[0]).toMatchObject({
      fired: 1,
      meanRelative: Number.NaN,
      maxRelative: Number.NaN,
    });
  });

  it('maps tokens to the document and back, across the break between two selections', () => {
    const history = tokenised(run());
    const ranges = [0, 1, 2, 3, 4].map(token => history.documentRange(token));
    expect(ranges).toEqual([
      { start: 10, end: 12 },
      { start: 12, end: 14 },
      { start: 30, end: 31 },
      { start: 31, end: 33 },
      { start: 33, end: 35 },
    ]);
    expect([9, 10, 13, 14, 30, 34, 35].map(offset => history.tokenAt(offset))).toEqual([
      ...[undefined, 0, 1, undefined, 2, 4, undefined],
    ]);
    expect(history.documentRange(5)).toBeUndefined();
    expect(toDocument(text, 4, 5)).toBeUndefined();
  });
});
