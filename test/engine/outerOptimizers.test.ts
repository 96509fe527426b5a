import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { DEFAULTS } from '../../engine/checkpoint/levelOptimizer.ts';
import { SYSTEMS } from '../../engine/checkpoint/systems.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { OUTER_OPTIMIZERS, OuterMemories } from '../../engine/train/outerMemories.ts';
import type { PretrainConfig } from '../../engine/train/pretrainConfig.ts';
import { pretrain } from '../../engine/train/pretraining.ts';
import { distance } from '../support/near.ts';
import { referenceStep } from '../support/referenceOptimizers.ts';
import { smallConfig } from '../support/smallHope.ts';
import { TINY_TEXT } from '../support/tinyModel.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-outer-'));
  mkdirSync(join(folder, 'texts'));
  writeFileSync(join(folder, 'texts/people.txt'), TINY_TEXT.repeat(4));
  await openBackend('wasm');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(OUTER_OPTIMIZERS)('%s steps parameters as the loops do, and decays what it should', kind => {
  const random = new Random(4);
  const drawn = (length: number) => Float32Array.from({ length }, () => random.normal());
  const shape = [4, 3];
  const weights = drawn(12);
  const want = Float64Array.from(weights);
  const optimizer = new OuterMemories(kind);
  const memory: Record<string, Float64Array> = {};
  const before = tf.memory().numTensors;
  for (let i = 0; i < 4; i++) {
    const gradient = drawn(12);
    const decayed = want.map(value => -0.01 * value);
    referenceStep(
      { kind, ...DEFAULTS[kind] },
      { weights: want, error: Float64Array.from(gradient), shape, rate: 0.05, memory },
    );
    decayed.forEach((change, j) => {
      want[j] += change;
    });
    optimizer.step('w', shape, weights, gradient, 0.05, 0.99);
  }
  expect(distance(weights, want)).toBeLessThan(2e-5);
  expect(tf.memory().numTensors).toBe(before);
});

function settingsOf(model: HopeConfig, optimizer: PretrainConfig['training']['optimizer']): PretrainConfig {
  const training = {
    ...{ batch: 2, tokens: 8, steps: 5, rate: 0.003, warmup_steps: 1, weight_decay: 0.1, clip: 1, optimizer },
    ...{
      reset_probability: 1,
      validation_fraction: 0.2,
      validation_interval: 5,
      checkpoint_interval: 5,
      seed: 3,
    },
  };
  return { model: { ...model, vocabulary: 300 }, training };
}

/** Trains in one go, or in two; the model that is left. */
async function train(name: string, settings: PretrainConfig, stopAfter?: number): Promise<Buffer> {
  const out = join(folder, name);
  const data = join(folder, 'texts');
  const run = (signal?: AbortSignal, onStep: (step: number) => void = () => {}) =>
    pretrain(settings, data, out, ({ step }) => onStep(step), { count: 1, file: '' }, signal);
  if (stopAfter) {
    const controller = new AbortController();
    const { status } = await run(controller.signal, step => step === stopAfter && controller.abort());
    expect(status).toBe('interrupted');
  }
  const { status, validationLoss } = await run();
  expect(status).toBe('finished');
  expect(Number.isFinite(validationLoss)).toBe(true);
  return readFileSync(join(out, 'model.safetensors'));
}

test.each(['momentum', 'm3'] as const)(
  'a training by %s that was interrupted leaves the same model',
  async kind => {
    const settings = settingsOf(smallConfig({ blocks: 1 }), kind);
    const whole = await train(`${kind} whole`, settings);
    expect((await train(`${kind} parts`, settings, 2)).equals(whole)).toBe(true);
  },
);

test.each(SYSTEMS)('%s trains from nothing, and on from where it was', async system => {
  const convolution = ['hope', 'titans', 'hope-attention', 'deltanet'].includes(system) ? 2 : 1;
  const titans = system === 'titans' ? ({ adaptive: [], values: 'shared' } as const) : {};
  const settings = settingsOf(smallConfig({ blocks: 1, system, convolution, cms: [4], titans }), 'adamw');
  const whole = await train(`${system} whole`, settings);
  expect((await train(`${system} parts`, settings, 3)).equals(whole)).toBe(true);
});
