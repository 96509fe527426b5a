import { expect, test } from 'vitest';
import {
  keyframesToDrop,
  MOST_WRITE_SHARE,
  READ_SHARE,
  RESTORE_SECONDS,
  shouldWrite,
  WRITE_SHARE,
} from '../../engine/run/index.ts';

/**
 * Trains `seconds` in ticks of 1 ms, each of which takes `busy` times as long as it would on an idle machine; returns the
 * shares of reading and writing keyframes, the longest gap in seconds of an idle machine, and the ticks of the keyframes.
 * @param lengthAt how long the state is after a tick, as a multiple of what reading and writing are given for
 */
function simulate(
  readSeconds: number,
  writeSeconds: number,
  seconds: number,
  lengthAt = (_: number) => 1,
  busy = 1,
) {
  const at: number[] = [];
  let [tick, last, written, read, worst] = [0, 0, 0, 0, 0];
  while (tick * 0.001 < seconds) {
    tick++;
    const updatesSinceLast = tick - last;
    worst = Math.max(worst, updatesSinceLast * 0.001);
    const length = lengthAt(tick);
    const timing = {
      secondsSinceLast: busy * updatesSinceLast * 0.001,
      recomputeSeconds: updatesSinceLast * 0.001,
      updatesSinceLast,
      readSeconds: length * readSeconds,
      writeSeconds: length * writeSeconds,
      lengthAfter: (updates: number) => lengthAt(tick + updates) / length,
    };
    if (!shouldWrite(timing)) continue;
    at.push(tick);
    last = tick;
    read += length * readSeconds;
    written += length * writeSeconds;
  }
  const whole = busy * tick * 0.001 + read;
  return { read: read / whole, written: written / whole, worst, at };
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
  const cheap = simulate(0, 0.01, 300);
  expect(cheap.worst).toBeCloseTo(0.01 / WRITE_SHARE, 2);
  const dear = simulate(0, 0.4 * RESTORE_SECONDS, 300);
  expect(dear.worst).toBeCloseTo(Math.max(RESTORE_SECONDS, (0.4 * RESTORE_SECONDS) / MOST_WRITE_SHARE), 2);
  const dearer = simulate(0, 0.1, 300);
  expect(dearer.worst).toBeCloseTo(0.1 / MOST_WRITE_SHARE, 2);
  expect(dearer.written).toBeLessThan(MOST_WRITE_SHARE + 1e-9);
});

test('a keyframe lies where least is open, as far as going to any update stays short', () => {
  // Half as long again where the chunk of a level of 32 ticks is open, twice as long where one of 8 ticks is, too.
  const open = (tick: number) => (tick % 32 === 0 ? 1 : tick % 8 === 0 ? 1.5 : 2);
  const dear = 0.9 * MOST_WRITE_SHARE * 0.128;
  const { at, worst } = simulate(0, dear, 60, open);
  expect(at.filter(tick => tick % 32 !== 0)).toEqual([]);
  expect(worst).toBeLessThanOrEqual(RESTORE_SECONDS);
  expect(simulate(0, dear, 60).worst, 'where all are as long').toBeCloseTo(RESTORE_SECONDS, 2);
});

test('a machine that is busy with something else changes nothing of where the keyframes lie', () => {
  const open = (tick: number) => (tick % 32 === 0 ? 1 : 2);
  const [alone, beside] = [1, 3].map(busy => simulate(0.0001, 0.02, 60, open, busy));
  expect(beside.at).toEqual(alone.at);
  expect(beside.written).toBeLessThan(alone.written);
});

test('no keyframe without an update since the last', () => {
  const waited = { secondsSinceLast: 1e6, recomputeSeconds: 1e6, readSeconds: 0.01, writeSeconds: 0.01 };
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
