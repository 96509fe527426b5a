import { expect, test } from 'vitest';
import { shouldWrite } from '../../engine/run/index.ts';

/** Trains `seconds` in ticks of 10 ms with keyframes that cost `cost`; returns their share and the worst loss. */
function simulate(cost: number, seconds: number) {
  let training = 0;
  let writing = 0;
  let secondsSinceLast = 0;
  let updatesSinceLast = 0;
  let worst = 0;
  let lastWriteSeconds = cost;
  while (training < seconds) {
    training += 0.01;
    secondsSinceLast += 0.01;
    updatesSinceLast += 1;
    worst = Math.max(worst, secondsSinceLast);
    if (!shouldWrite({ secondsSinceLast, lastWriteSeconds, updatesSinceLast })) continue;
    writing += cost;
    lastWriteSeconds = cost;
    secondsSinceLast = 0;
    updatesSinceLast = 0;
  }
  return { share: writing / (training + writing), worst };
}

test('cheap keyframes: at most about two seconds are recomputed, for less than 2 % of the time', () => {
  for (const cost of [0, 0.001, 0.035]) {
    const { share, worst } = simulate(cost, 600);
    expect(share, `cost ${cost}`).toBeLessThan(0.02);
    expect(worst, `cost ${cost}`).toBeLessThan(2.05);
    expect(worst, `cost ${cost}`).toBeGreaterThan(1.9);
  }
});

test('expensive keyframes become rarer, so that they still take less than 2 %', () => {
  for (const cost of [0.1, 1, 5]) {
    const { share, worst } = simulate(cost, 3000);
    expect(share, `cost ${cost}`).toBeLessThan(0.02);
    expect(worst, `cost ${cost}`).toBeLessThan(cost * 51);
  }
});

test('no keyframe without an update since the last', () => {
  const waited = { secondsSinceLast: 1e6, lastWriteSeconds: 0.01 };
  expect(shouldWrite({ ...waited, updatesSinceLast: 0 })).toBe(false);
  expect(shouldWrite({ ...waited, updatesSinceLast: 1 })).toBe(true);
});
