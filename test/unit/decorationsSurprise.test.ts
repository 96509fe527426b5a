import { afterEach, describe, expect, it, vi } from 'vitest';
import { EditLog } from '../../extension/decorations/editLog.ts';
import { surpriseStep, surpriseSteps } from '../../extension/decorations/surpriseSteps.ts';
import { Throttle } from '../../extension/decorations/throttle.ts';
import { TokenSpans } from '../../extension/decorations/tokenSpans.ts';

const everywhere = [{ start: 0, end: 1e9 }];

/** Tokens of four characters each. */
function fours(tokens: number): TokenSpans {
  const starts = Uint32Array.from({ length: tokens }, (_, i) => i * 4);
  const segments = [{ textStart: 0, documentStart: 0, length: tokens * 4 }];
  const text = { documentUri: 'file:///a', documentVersion: 1, segments };
  return new TokenSpans({ text, starts, ends: starts.map(start => start + 4) });
}

const count = (steps: readonly (readonly number[])[]) => steps.reduce((n, step) => n + step.length / 2, 0);

describe('surpriseStep', () => {
  it('is one nat wide and closed at both ends', () => {
    expect([0, 0.99, 1, 6.2, 7, 40, Number.POSITIVE_INFINITY, -0.001].map(surpriseStep)).toEqual([
      0, 0, 1, 6, 7, 7, 7, 0,
    ]);
    expect(surpriseStep(Number.NaN)).toBeUndefined();
  });
});

describe('surpriseSteps', () => {
  it('sorts tokens into steps and leaves out those that were not read', () => {
    const steps = surpriseSteps(fours(4), [0.5, 7.7, Number.NaN], everywhere, 100);
    expect(steps).toEqual([[0, 4], [], [], [], [], [], [], [4, 8]]);
  });

  it('stays within the limit, with what is visible first and the rest around it', () => {
    const spans = fours(100_000);
    const surprise = new Float32Array(100_000);
    const [first] = surpriseSteps(spans, surprise, [{ start: 4000, end: 4400 }], 300);
    expect([first[0], first[first.length - 1]]).toEqual([3600, 4800]);
    expect(count(surpriseSteps(spans, surprise, everywhere, 300))).toBe(300);
    const apart = [
      { start: 0, end: 40 },
      { start: 40_000, end: 40_040 },
    ];
    expect(count(surpriseSteps(spans, surprise, apart, 20))).toBe(20);
  });

  it('counts a token once that two visible ranges share', () => {
    const halves = [
      { start: 0, end: 6 },
      { start: 6, end: 12 },
    ];
    expect(surpriseSteps(fours(3), [1, 1, 1], halves, 3)[1]).toEqual([0, 4, 4, 8, 8, 12]);
  });

  it('puts the bytes of one character together under their highest surprise', () => {
    const segments = [{ textStart: 0, documentStart: 0, length: 5 }];
    const text = { documentUri: 'file:///a', documentVersion: 1, segments };
    const spans = new TokenSpans({
      text,
      starts: Uint32Array.of(0, 1, 1, 1, 3),
      ends: Uint32Array.of(1, 3, 3, 3, 5),
    });
    const steps = surpriseSteps(spans, [0, 2.5, 6.5, 0.5, Number.NaN], everywhere, 100);
    expect(steps[6]).toEqual([1, 3]);
    expect(count(steps)).toBe(2);
  });
});

describe('EditLog', () => {
  const edit = (offset: number) => ({ offset, removed: 0, inserted: 1 });

  it('gives back what was typed after a version, in order', () => {
    const log = new EditLog();
    log.record('a', 2, [edit(1)]);
    log.record('b', 2, [edit(9)]);
    log.record('a', 4, [edit(2), edit(3)]);
    expect(log.since('a', 1)).toEqual([edit(1), edit(2), edit(3)]);
    expect(log.since('a', 3)).toEqual([edit(2), edit(3)]);
    expect(log.since('c', 1)).toEqual([]);
  });

  it('says so when it no longer knows, and starts anew after a close', () => {
    const log = new EditLog(2);
    for (let version = 2; version < 6; version++) log.record('a', version, [edit(version)]);
    expect(log.since('a', 2)).toBeUndefined();
    expect(log.since('a', 3)).toEqual([edit(4), edit(5)]);
    log.forget('a');
    expect(log.since('a', 1)).toEqual([]);
  });
});

describe('Throttle', () => {
  afterEach(() => void vi.useRealTimers());

  it('works at once, then once an interval however often it is asked', () => {
    vi.useFakeTimers();
    const work = vi.fn();
    const throttle = new Throttle(work, 100);
    for (let i = 0; i < 30; i++) {
      throttle.request();
      vi.advanceTimersByTime(10);
    }
    expect(work).toHaveBeenCalledTimes(4);
    vi.advanceTimersByTime(1000);
    expect(work).toHaveBeenCalledTimes(4);
    throttle.request();
    throttle.request();
    throttle.dispose();
    vi.advanceTimersByTime(1000);
    expect(work).toHaveBeenCalledTimes(5);
  });
});
