import { beforeAll, describe, expect, test } from 'vitest';
import { levelsOf, parseConfig } from '../../engine/checkpoint/config.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { readSequence, startReading, tokenLosses } from '../../engine/model/languageModel.ts';
import { bindParameters, parameterSpecs } from '../../engine/model/parameters.ts';
import { METRICS } from '../../engine/protocol/metric.ts';
import { decodeFastState, encodeFastState } from '../../engine/session/fastStateFile.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { recordedLevels } from '../../engine/train/memoryLevels.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import { drawnConfig } from '../support/drawnConfig.ts';
import { expectNear, expectSameBits } from '../support/near.ts';
import { END_OF_TEXT, smallText } from '../support/smallHope.ts';
import { fastWeights, ticksOf, trainTicks } from '../support/smallTraining.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);
const TOKENS = 14;
const targets = smallText(TOKENS);
const ids = targets.map((_, t) => ([0, 9].includes(t) ? END_OF_TEXT : targets[t - 1]));

function open(seed: number) {
  const random = new Random(seed);
  const config = drawnConfig(random);
  const initial = initialParameters(config, random);
  const weights = new Map(
    parameterSpecs(config).map(({ name, shape }) => [name, { shape, data: initial.get(name)! }]),
  );
  return { config, initial, base: new BaseModel(config, weights, 'drawn') };
}

describe('whatever config.json says', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  test.each(SEEDS)('seed %i: it reads alike at once, in pieces and in a batch, and stays as it is', seed => {
    const before = tf.memory().numTensors;
    const { config, base } = open(seed);
    const label = JSON.stringify(config);
    expect(parseConfig(JSON.parse(label), 'drawn'), label).toEqual(config);
    tf.tidy(() => {
      const parameters = bindParameters(config, name => base.tensors.get(name)!);
      const read = (calls: readonly number[], batch: number) => {
        let state = startReading(parameters, config, batch);
        let at = 0;
        return calls.flatMap(length => {
          const part = (all: readonly number[]) => {
            const one = all.slice(at, at + length);
            return Int32Array.from(Array.from({ length: batch }, () => one).flat());
          };
          const result = readSequence(parameters, config, part(ids), END_OF_TEXT, state);
          expect(result.hidden.shape).toEqual([batch * length, config.width]);
          state = result.state;
          const losses = [...tokenLosses(parameters, result.hidden, part(targets)).dataSync()];
          at += length;
          expectNear(losses.slice(0, length), losses.slice(-length), label, { absolute: 1e-5 });
          return losses.slice(0, length);
        });
      };
      const whole = read([TOKENS], 1);
      expect(whole.every(Number.isFinite), label).toBe(true);
      expectNear(read([5, 1, TOKENS - 6], 1), whole, label, { absolute: 1e-4, relative: 1e-4 });
      expectNear(read([TOKENS], 3), whole, label, { absolute: 1e-4, relative: 1e-4 });
    });
    base.dispose();
    expect(tf.memory().numTensors, label).toBe(before);
  });

  test.each(SEEDS)('seed %i: it trains, online and from nothing, and goes on from its file', async seed => {
    const before = tf.memory().numTensors;
    const { config, initial, base } = open(seed);
    const label = JSON.stringify(config);
    const rows = new RowGradients(config, END_OF_TEXT);
    const gradient = new Float32Array(rows.layout.size);
    const flat = rows.layout.flatten(initial, new Float32Array(rows.layout.size));
    const batch = { ids: Int32Array.from(ids), targets: Int32Array.from(targets) };
    for (const reset of [1, 0]) {
      const loss = await rows.compute(flat, batch, new Float32Array(2).fill(reset), gradient);
      expect(Number.isFinite(loss) && gradient.every(Number.isFinite), label).toBe(true);
    }
    rows.dispose();

    const state = new FastState(base);
    const levels = levelsOf(config).filter(({ id }) => id !== 'outer');
    const learningRates = Object.fromEntries(levels.map(({ id }) => [id, id.startsWith('cms.') ? 0.01 : 1]));
    const ticks = ticksOf(state, targets);
    const half = Math.ceil(ticks.length / 2);
    await trainTicks(state, ticks.slice(0, half), { learningRates, flush: false });
    const file = await encodeFastState(state, 'model');
    const updates = await trainTicks(state, ticks.slice(half), { learningRates });
    for (const { surprise, metrics } of updates) {
      expect(surprise.every(Number.isFinite), label).toBe(true);
      expect(metrics.length, label).toBe(config.blocks * recordedLevels(config).length * METRICS.length);
    }
    const whole = fastWeights(state);
    for (const [name, values] of whole)
      expect(values.every(Number.isFinite), `${name} of ${label}`).toBe(true);
    decodeFastState(file, state, 'model', 'state');
    await trainTicks(state, ticks.slice(half), { learningRates });
    for (const [name, values] of fastWeights(state))
      expectSameBits(values, whole.get(name)!, `${name} of ${label}`);
    state.dispose();
    base.dispose();
    expect(tf.memory().numTensors, label).toBe(before);
  });
});
