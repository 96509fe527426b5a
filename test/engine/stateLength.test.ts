import { beforeAll, expect, test } from 'vitest';
import { parseSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { encodeFastState } from '../../engine/session/fastStateFile.ts';
import { StateLength } from '../../engine/session/stateLength.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { ticksOf, trainTicks } from '../support/smallTraining.ts';

beforeAll(async () => {
  await openBackend('cpu');
});

/** Bytes of weights, sums and what optimizers remember in the file of a state. */
async function written(state: FastState): Promise<number> {
  const { tensors } = parseSafetensors(await encodeFastState(state, 'model'), 'state');
  const counted = [...tensors].filter(([name]) => /^(fast|sum|optimizer)\./.test(name));
  return counted.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
}

test('the length of a state that is told ahead is that of its file when training has come there', async () => {
  const { base } = smallModels(smallConfig({}));
  const state = new FastState(base);
  const length = new StateLength(state);
  const ticks = ticksOf(state, smallText(40)).slice(0, 9);
  const ahead = ticks.map((_, i) => length.after(i + 1));
  expect(new Set(ahead).size).toBeGreaterThan(2);
  for (const [i, tick] of ticks.entries()) {
    await trainTicks(state, [tick], { flush: false });
    expect(await written(state), `after ${i + 1} ticks`).toBe(ahead[i]);
    expect(length.after(0)).toBe(ahead[i]);
  }
  state.dispose();
  base.dispose();
});
