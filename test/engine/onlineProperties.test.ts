import { beforeAll, describe, expect, test } from 'vitest';
import { FastState } from '../../engine/model/fastState.ts';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/metric.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { DivergedError } from '../../engine/train/divergedError.ts';
import { expectSameBits } from '../support/near.ts';
import { levelOf } from '../support/reference.ts';
import { END_OF_TEXT, smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { fastWeights, movingLevels, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';

const TEXT = smallText(21);

/** A fresh model and state; what is left of them at the end is disposed. */
async function withState(body: (state: FastState) => Promise<void>): Promise<void> {
  const { base } = smallModels(smallConfig());
  const state = new FastState(base);
  await body(state);
  state.dispose();
  base.dispose();
}

function expectSameWeights(
  got: ReadonlyMap<string, Float32Array>,
  want: ReadonlyMap<string, Float32Array>,
): void {
  expect([...got.keys()]).toEqual([...want.keys()]);
  for (const [name, values] of want) expectSameBits(got.get(name)!, values, name);
}

function same(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, i) => value === b[i]);
}

describe.each(['cpu', 'wasm'] as const)('online training on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('the same text and options give the same bits', async () => {
    const runs: { updates: Update[]; weights: Map<string, Float32Array> }[] = [];
    for (let run = 0; run < 2; run++) {
      await withState(async state => {
        const updates = await trainTicks(state, ticksOf(state, TEXT, 2));
        runs.push({ updates, weights: fastWeights(state) });
      });
    }
    expectSameWeights(runs[0].weights, runs[1].weights);
    runs[0].updates.forEach((update, i) => {
      expectSameBits(update.surprise, runs[1].updates[i].surprise, `losses of update ${i}`);
      expectSameBits(update.metrics, runs[1].updates[i].metrics, `numbers of update ${i}`);
    });
  });

  test('a level with rate 0, and it alone, stays as it is', async () => {
    await withState(async state => {
      const base = fastWeights(state);
      for (const level of movingLevels(state)) {
        const updates = await trainTicks(state, ticksOf(state, TEXT), {
          learningRates: { ...RATES, [level]: 0 },
        });
        for (const [name, values] of fastWeights(state)) {
          expect(same(values, base.get(name)!), `${name} is unchanged while ${level} is frozen`).toBe(
            levelOf(name) === level,
          );
        }
        expect(firings(state, updates, level), level).toBe(0);
        state.reset();
        expectSameWeights(fastWeights(state), base);
      }
    });
  });

  test('the base checkpoint keeps its bits, and a reset brings them back', async () => {
    await withState(async state => {
      const { base } = state;
      const values = () =>
        new Map([...base.tensors].map(([name, tensor]) => [name, tensor.dataSync().slice() as Float32Array]));
      const before = values();
      await trainTicks(state, ticksOf(state, TEXT, 2));
      expectSameWeights(values(), before);
      expect(state.updates).toBe(21);
      state.reset();
      expect(state.updates).toBe(0);
      for (const [name, weights] of fastWeights(state)) expectSameBits(weights, before.get(name)!, name);
    });
  });

  test.each([true, false])('every step leaves as many tensors as it found, telemetry %s', async telemetry => {
    await withState(async state => {
      const counts: number[] = [];
      const open = tf.memory().numTensors;
      await trainTicks(state, ticksOf(state, TEXT, 2), { telemetry }, () => {
        counts.push(tf.memory().numTensors);
      });
      expect(counts.length).toBe(21);
      expect(counts).toEqual(counts.map(() => counts[0]));
      state.dropOpenChunks();
      expect(tf.memory().numTensors).toBe(open);
      state.reset();
      expect(tf.memory().numTensors).toBe(open);
    });
    // Nothing outlives a model.
    const before = tf.memory().numTensors;
    await withState(async state => {
      await trainTicks(state, ticksOf(state, TEXT), { telemetry });
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('the last tick writes what is pending with flush, and leaves it without', async () => {
    const last = new Map<boolean, { fired: string[]; weights: Map<string, Float32Array> }>();
    for (const flush of [true, false]) {
      await withState(async state => {
        const ticks = ticksOf(state, TEXT);
        expect(ticks.map(({ inputs }) => inputs.length)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]);
        const update = (await trainTicks(state, ticks, { flush })).at(-1)!;
        const fired = movingLevels(state).filter(level => firings(state, [update], level));
        const pending = movingLevels(state).map(level => state.pending.get(level));
        expect(pending).toEqual(flush ? [0, 0, 0, 0, 0] : [1, 1, 1, 5, 5]);
        state.dropOpenChunks();
        last.set(flush, { fired, weights: fastWeights(state) });
      });
    }
    expect(last.get(true)!.fired.length).toBe(5);
    expect(last.get(false)!.fired).toEqual([]);
    // Without the flush, the weights are those before the last tick.
    await withState(async state => {
      await trainTicks(state, ticksOf(state, TEXT).slice(0, -1), { flush: false });
      expectSameWeights(fastWeights(state), last.get(false)!.weights);
    });
  });

  test('chunks that were dropped do not come back in the next training', async () => {
    await withState(async state => {
      await trainTicks(state, ticksOf(state, TEXT.slice(0, 3)), { flush: false });
      state.dropOpenChunks();
      const between = fastWeights(state);
      const [update] = await trainTicks(state, ticksOf(state, TEXT.slice(0, 1)), { flush: false });
      state.dropOpenChunks();
      expectSameWeights(fastWeights(state), between);
      const [again] = await trainTicks(state, ticksOf(state, TEXT.slice(0, 1)), { flush: false });
      expectSameBits(again.surprise, update.surprise, 'losses');
      expect(movingLevels(state).map(level => state.pending.get(level))).toEqual([1, 1, 1, 1, 1]);
    });
  });

  test.each([
    ['a rate that makes a level overflow', { 'cms.0': 3e38 }, 'cms.0'],
    ['a rate that makes the loss overflow', { 'cms.0': 1e25 }, 'the loss'],
    ['memories that overflow', { memory: 1e38, projections: 1e38 }, 'memory'],
  ])('%s stops training with the weights of the last good update', async (_, rates, level) => {
    await withState(async state => {
      const kept = [fastWeights(state)];
      let failure: unknown;
      const open = tf.memory().numTensors;
      try {
        await trainTicks(state, ticksOf(state, TEXT, 4), { learningRates: { ...RATES, ...rates } }, () => {
          kept.push(fastWeights(state));
        });
      } catch (error) {
        failure = error;
      }
      expect(failure).toBeInstanceOf(DivergedError);
      const { level: broken, update, position, message } = failure as DivergedError;
      expect([broken, update, position]).toEqual([level, kept.length - 1, 2 * update]);
      expect(message).toContain(`${level} is no longer finite`);
      expect(state.updates).toBe(update);
      expectSameWeights(fastWeights(state), kept.at(-1)!);
      for (const [name, values] of kept.at(-1)!) expect(values.every(Number.isFinite), name).toBe(true);
      state.dropOpenChunks();
      expect(tf.memory().numTensors).toBe(open);
      // It can be trained on, with sane rates, after a reset.
      state.reset();
      expect((await trainTicks(state, ticksOf(state, TEXT))).length).toBe(11);
    });
  });

  test('each pass is a document of its own: its first token is predicted from the end-of-text alone', async () => {
    await withState(async state => {
      const frozen = Object.fromEntries(movingLevels(state).map(level => [level, 0]));
      const updates = await trainTicks(state, ticksOf(state, TEXT, 3), { learningRates: frozen });
      const losses = updates.flatMap(({ surprise }) => [...surprise]);
      expect(losses.length).toBe(3 * TEXT.length);
      losses.forEach((loss, i) => {
        expect(loss, `token ${i}`).toBeCloseTo(losses[i % TEXT.length], 5);
      });
      expect(ticksOf(state, TEXT, 2).flatMap(({ inputs }) => [...inputs])[TEXT.length]).toBe(END_OF_TEXT);
    });
  });
});

/** How often a level fired in all blocks, a block. */
function firings(state: FastState, updates: readonly Update[], level: string): number {
  const levels = movingLevels(state);
  const { blocks } = state.base.config;
  const at = levels.indexOf(level);
  let count = 0;
  for (const { metrics } of updates) {
    for (let block = 0; block < blocks; block++) {
      count += metrics[(block * levels.length + at) * METRICS.length + METRIC_INDEX.fired];
    }
  }
  return count / blocks;
}
