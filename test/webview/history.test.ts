import { describe, expect, test } from 'vitest';
import { decodeFrame, type Frame } from '../../engine/protocol/index.ts';
import {
  appendFrame,
  emptyHistory,
  endOf,
  type History,
  KEPT_TOKENS,
  newest,
  updateAt,
} from '../../webviews/levels/history.ts';
import { SPANS } from '../../webviews/levels/state.ts';
import { synthetic, syntheticFrame, TICK } from './synthetic.ts';

const grow = (frames: readonly Frame[]): History => frames.reduce(appendFrame, emptyHistory());
const bytesHeld = (history: History): number => {
  const updates = [...history.updates, ...history.totals.lastFired.filter(update => update !== undefined)];
  const buffers = new Set(updates.flatMap(({ metrics, surprise }) => [metrics.buffer, surprise.buffer]));
  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0);
};

describe('appending', () => {
  test('keeps every update of consecutive frames at full precision', () => {
    const history = grow([syntheticFrame(0, 7), syntheticFrame(7, 1), syntheticFrame(8, 30)]);
    const expected = synthetic(0, 38);
    expect(history.updates.map(({ index }) => index)).toEqual(expected.map(({ index }) => index));
    expect(history.updates.map(u => [...u.metrics])).toEqual(expected.map(u => [...u.metrics]));
    expect(history.totals.updates).toBe(38);
    expect(history.totals.tokens).toBe(38 * TICK);
    expect(history.totals.fired).toEqual([38, 9, 2, 0, 0]);
  });

  test('an empty frame changes nothing', () => {
    const history = grow([syntheticFrame(0, 3)]);
    expect(appendFrame(history, syntheticFrame(3, 0))).toBe(history);
  });

  test.each([
    ['a gap', syntheticFrame(11, 4), /starts at update 11, expected 10/],
    ['a repetition', syntheticFrame(9, 4), /starts at update 9, expected 10/],
    ['another run', syntheticFrame(10, 4, {}, 'other'), /run that is not shown/],
    ['another shape', syntheticFrame(10, 4, { blocks: 2 }), /2 × 5 levels, expected 4 × 5/],
    ['a short buffer', { ...syntheticFrame(10, 4), data: new ArrayBuffer(8) }, /only 8 bytes/],
    ['a negative count', { ...syntheticFrame(10, 4), count: -4 }, /no counts/],
    ['a fractional count', { ...syntheticFrame(10, 4), count: 1.5 }, /no counts/],
  ])('refuses %s and stays as it was', (_, frame, message) => {
    const history = grow([syntheticFrame(0, 10)]);
    expect(() => appendFrame(history, frame)).toThrow(RangeError);
    expect(() => appendFrame(history, frame)).toThrow(message);
    expect(history.updates).toHaveLength(10);
  });

  test('refuses a position that is no token or runs backwards', () => {
    const history = grow([syntheticFrame(0, 10)]);
    for (const position of [Number.NaN, 0.5, 39]) {
      const frame = syntheticFrame(10, 1);
      new Float64Array(frame.data, 0, 1)[0] = position;
      expect(() => appendFrame(history, frame)).toThrow(/starts at token/);
    }
  });
});

describe('memory', () => {
  test('stays bounded over 200 000 updates, and the newest window stays whole', () => {
    let history = emptyHistory();
    const perFrame = 500;
    let most = 0;
    const pattern = syntheticFrame(0, perFrame, { blocks: 1 });
    for (let first = 0; first < 200_000; first += perFrame) {
      const data = pattern.data.slice(0);
      const heads = new Float64Array(data, 0, perFrame * 2);
      for (let i = 0; i < perFrame; i++) heads[i * 2] += first * TICK;
      history = appendFrame(history, { ...pattern, first, data });
      most = Math.max(most, bytesHeld(history));
    }
    expect(history.totals.updates).toBe(200_000);
    expect(history.totals.tokens).toBe(800_000);
    expect(newest(history)?.index).toBe(199_999);
    const kept = endOf(newest(history)!) - history.updates[0].position;
    expect(kept).toBeGreaterThanOrEqual(2 * SPANS.at(-1)!);
    expect(kept).toBeLessThanOrEqual(KEPT_TOKENS + TICK);
    const frame = pattern.data.byteLength;
    const needed = ((KEPT_TOKENS / TICK) * frame) / perFrame;
    expect(most).toBeLessThan(needed + 2 * frame);
  }, 60_000);

  test('a backlog larger than what can be shown is cut down, not held on to', () => {
    const frame = syntheticFrame(0, 20_000, { blocks: 1 });
    const history = appendFrame(emptyHistory(), frame);
    expect(history.totals.updates).toBe(20_000);
    expect(bytesHeld(history)).toBeLessThan(frame.data.byteLength / 4);
    const last = decodeFrame(frame).at(-1)!;
    expect([...updateAt(history, 19_999)!.metrics]).toEqual([...last.metrics]);
  });

  test('remembers when a slow level last fired after that update has gone', () => {
    const levels = [
      { id: 'memory', period: 4 },
      { id: 'cms.0', period: 40_000 },
    ] as const;
    let history = emptyHistory();
    for (let first = 0; first < 19_000; first += 1000) {
      history = appendFrame(history, syntheticFrame(first, 1000, { levels, blocks: 1 }));
    }
    expect(endOf(history.totals.lastFired[1]!)).toBe(40_000);
    expect(updateAt(history, 9_999)).toBeUndefined();
  });
});
