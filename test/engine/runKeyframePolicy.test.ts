import { expect, test } from 'vitest';
import {
  keyframesToDrop,
  MOST_WRITE_SHARE,
  READ_SHARE,
  RESTORE_SECONDS,
  shouldWrite,
  WRITE_SHARE,
} from '../../engine/run/index.ts';

/** Trains `seconds` in ticks of 1 ms; returns the shares of reading and writing keyframes, and the longest gap. */
function simulate(readSeconds: number, writeSeconds: number, seconds: number) {
  let training = 0;
  let keyframes = 0;
  let secondsSinceLast = 0;
  let updatesSinceLast = 0;
  let worst = 0;
  while (training < seconds) {
    training += 0.001;
    secondsSinceLast += 0.001;
    updatesSinceLast += 1;
    worst = Math.max(worst, secondsSinceLast);
    if (!shouldWrite({ secondsSinceLast, readSeconds, writeSeconds, updatesSinceLast })) continue;
    keyframes += 1;
    secondsSinceLast = 0;
    updatesSinceLast = 0;
  }
  const whole = training + keyframes * readSeconds;
  return { read: (keyframes * readSeconds) / whole, written: (keyframes * writeSeconds) / whole, worst };
}

test('cheap keyframes: going back recomputes at most about 50 ms, for less than the shares', () => {
  for (const [read, write] of [
    [0, 0],
    [0.0005, 0.001],
    [0.0012, 0.0012],
  ]) {
    const { read: share, written, worst } = simulate(read, write, 60);
    expect(share, `read ${read}`).toBeLessThan(READ_SHARE);
    expect(written, `written ${write}`).toBeLessThan(WRITE_SHARE);
    expect(worst, `read ${read}`).toBeLessThan(0.052);
    expect(worst, `read ${read}`).toBeGreaterThan(0.049);
  }
});

test('expensive keyframes become rarer, so that they still take less than the shares', () => {
  for (const [read, write] of [
    [0.01, 0],
    [0.1, 0.1],
    [1, 0.1],
    [0, 1],
    [0.003, 0.02],
  ]) {
    const { read: share, written, worst } = simulate(read, write, 300);
    expect(share, `read ${read}`).toBeLessThan(READ_SHARE);
    expect(written, `written ${write}`).toBeLessThan(MOST_WRITE_SHARE + 1e-9);
    expect(worst, `read ${read}, written ${write}`).toBeLessThan(
      Math.max(read / READ_SHARE, write / WRITE_SHARE) * 1.025,
    );
  }
});

test('a worker writes for more of the time only as long as that keeps going to any update short', () => {
  const cheap = simulate(0, 0.02, 300);
  expect(cheap.worst).toBeCloseTo(0.02 / WRITE_SHARE, 2);
  const dear = simulate(0, 0.4 * RESTORE_SECONDS, 300);
  expect(dear.worst).toBeCloseTo(Math.max(RESTORE_SECONDS, (0.4 * RESTORE_SECONDS) / MOST_WRITE_SHARE), 2);
  const dearer = simulate(0, 0.1, 300);
  expect(dearer.worst).toBeCloseTo(0.1 / MOST_WRITE_SHARE, 2);
  expect(dearer.written).toBeLessThan(MOST_WRITE_SHARE + 1e-9);
});

test('no keyframe without an update since the last', () => {
  const waited = { secondsSinceLast: 1e6, readSeconds: 0.01, writeSeconds: 0.01 };
  expect(shouldWrite({ ...waited, updatesSinceLast: 0 })).toBe(false);
  expect(shouldWrite({ ...waited, updatesSinceLast: 1 })).toBe(true);
});

test('over the budget, large keyframes go before small ones, and gaps stay even', () => {
  const keyframes = Array.from({ length: 33 }, (_, i) => ({ updates: i * 2, bytes: i % 4 === 0 ? 1 : 2 }));
  const dropped = keyframesToDrop(keyframes, new Set([6]), 16);
  expect(keyframes.filter(({ updates }) => !dropped.includes(updates)).map(({ updates }) => updates)).toEqual(
    expect.arrayContaining([0, 6, 64]),
  );
  const kept = keyframes.filter(({ updates }) => !dropped.includes(updates));
  expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(16);
  expect(kept.filter(({ bytes }) => bytes === 2).length).toBeLessThan(5);
  const gaps = kept.slice(1).map(({ updates }, i) => updates - kept[i].updates);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(16);
  expect(keyframesToDrop(keyframes, new Set(), 1000)).toEqual([]);
  expect(keyframesToDrop(keyframes.slice(0, 2), new Set(), 0)).toEqual([]);
});
