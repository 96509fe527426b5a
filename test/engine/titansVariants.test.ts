import { beforeAll, describe, expect, test } from 'vitest';
import { memoryParts } from '../../engine/introspect/writeParts.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { readSequence, startReading, titansOptions, tokenLosses } from '../../engine/model/languageModel.ts';
import { type MemoryWeights, partsOf } from '../../engine/model/memoryMlp.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { projectionsOf } from '../../engine/model/selfModifyingTitans.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { momentaOf } from '../../engine/train/levelWrites.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import { distance, expectNear } from '../support/near.ts';
import { levelOf, Reference } from '../support/reference.ts';
import { difference, ReferenceTrainer, streamOf } from '../support/referenceTrainer.ts';
import {
  END_OF_TEXT,
  referenceOf,
  smallConfig,
  smallModels,
  smallText,
  smallWeights,
} from '../support/smallHope.ts';
import { fastWeights, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';
import { TITANS_VARIANTS } from '../support/titansVariants.ts';

const TOKENS = 18;
const targets = smallText(TOKENS);
const ids = targets.map((_, t) => (t === 0 || t === 11 ? END_OF_TEXT : targets[t - 1]));
/** The gradient by central differences on the float64 reference is good to about h². */
const SAMPLES = 3;

const NAMES = Object.keys(TITANS_VARIANTS);
const configOf = (name: string) => smallConfig({ blocks: 1, ...TITANS_VARIANTS[name] });

/** Losses of the whole text read in calls of these lengths, and the memories after it by name. */
function read(name: string, calls: readonly number[]) {
  const losses: number[] = [];
  const memories = new Map<string, Float32Array>();
  tf.tidy(() => {
    const { base } = smallModels(configOf(name));
    const parameters = bindParameters(base.config, each => base.tensors.get(each)!);
    let state = startReading(parameters, base.config, 1);
    let at = 0;
    for (const length of calls) {
      const [part, next] = [ids, targets].map(all => Int32Array.from(all.slice(at, at + length)));
      const result = readSequence(parameters, base.config, part, END_OF_TEXT, state);
      losses.push(...tokenLosses(parameters, result.hidden, next).dataSync());
      state = result.state;
      at += length;
    }
    for (const [memory, { w1, w2, skip }] of Object.entries(state.blocks[0].titans!.memories)) {
      const put = (part: string, w?: tf.Tensor) =>
        w && memories.set(`blocks.0.selfmod.m_${memory}.${part}`, w.dataSync().slice() as Float32Array);
      put('w1', w1);
      put('w2', w2);
      put('skip', skip);
    }
  });
  return { losses, memories };
}

function readReference(config: ReturnType<typeof configOf>, theta: ReadonlyMap<string, Float64Array>) {
  const weights = new Map([...theta].map(([name, w]) => [name, w.slice()]));
  const reference = new Reference(config, weights, END_OF_TEXT);
  return { losses: reference.readSequence(ids, targets), weights: reference.weights };
}

function wideWeights(config: ReturnType<typeof configOf>) {
  return new Map([...smallWeights(config)].map(([name, { data }]) => [name, Float64Array.from(data)]));
}

describe.each(['cpu', 'wasm'] as const)('the memories on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(NAMES)('%s: losses and memories are those of the token loop, in pieces too', name => {
    const config = configOf(name);
    const expected = readReference(config, wideWeights(config));
    for (const calls of [[TOKENS], [1, 6, TOKENS - 7]]) {
      const { losses, memories } = read(name, calls);
      expectNear(losses, expected.losses, `losses in ${calls}`, { absolute: 1e-5, relative: 1e-4 });
      for (const [weight, values] of memories) {
        expect(distance(values, expected.weights.get(weight)!), weight).toBeLessThanOrEqual(1e-4);
      }
    }
  });

  test.each(NAMES)('%s: the outer gradient through the writes is that of finite differences', async name => {
    const config = configOf(name);
    const rows = new RowGradients(config, END_OF_TEXT);
    const { layout } = rows;
    const theta = wideWeights(config);
    const narrow = new Map([...smallWeights(config)].map(([each, { data }]) => [each, data]));
    const flat = layout.flatten(narrow, new Float32Array(layout.size));
    const gradient = new Float32Array(layout.size);
    const before = tf.memory().numTensors;
    const batch = { ids: Int32Array.from(ids), targets: Int32Array.from(targets) };
    await rows.compute(flat, batch, Float32Array.of(1), gradient);
    const total = () => readReference(config, theta).losses.reduce((a, b) => a + b, 0) / TOKENS;
    for (const [weight, part] of layout.split(gradient)) {
      const w = theta.get(weight)!;
      const at = Array.from({ length: SAMPLES }, (_, i) => Math.floor((i * w.length) / SAMPLES));
      const expected = at.map(i => difference(w, i, total));
      const got = at.map(i => part[i]);
      const error = Math.hypot(...got.map((g, i) => g - expected[i]));
      // Three entries can be small beside the rest of their tensor, which is what float32 rounds against.
      const size = Math.max(Math.hypot(...expected), Math.hypot(...part) / Math.sqrt(part.length));
      expect(size, `the gradient of ${weight}`).toBeGreaterThan(1e-6);
      expect(error / size, `${weight}: ${got}, expected ${expected}`).toBeLessThan(1e-4);
    }
    rows.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test.each(NAMES)('online, %s: losses and weights are those of the token loop', async name => {
  await openBackend('wasm');
  const config = configOf(name);
  const { base } = smallModels(config);
  const state = new FastState(base);
  const text = smallText(10);
  const ticks = ticksOf(state, text);
  const length = ticks[0].inputs.length;
  const trainer = new ReferenceTrainer(referenceOf(config, smallWeights(config)), RATES);
  const { inputs, targets: next } = streamOf(text, END_OF_TEXT, 1);
  const open = tf.memory().numTensors;
  const before = new Map<string, Float32Array>();
  const parts = new Map<string, Float32Array>();
  const beforeWrites = (due: readonly string[]) => {
    const { memories } = state.parameters().blocks[0];
    for (const memory of ['memory' as const, ...projectionsOf(memories!)]) {
      tf.tidy(() => {
        const level = memory === 'memory' ? 'memory' : 'projections';
        if (!due.includes(level)) return;
        const options = { ...titansOptions(config), momenta: momentaOf(state, 0, memories!) };
        const { decay, erase, write } = memoryParts(memories!, memory, state.open[0][level], options);
        for (const part of partsOf(decay)) {
          const at = `blocks.0.selfmod.m_${memory}.${part}`;
          const each = [decay, erase, write].flatMap((of: Partial<MemoryWeights>) => of[part] ?? []);
          parts.set(at, tf.addN(each).dataSync().slice() as Float32Array);
          before.set(at, state.tensors.get(at)!.dataSync().slice() as Float32Array);
        }
      });
    }
  };
  const updates = await trainTicks(state, ticks, { beforeWrites }, () => {
    // Decay, erase and write are the whole change.
    for (const [weight, change] of parts) {
      const after = state.tensors.get(weight)!.dataSync() as Float32Array;
      const start = before.get(weight)!;
      const got = after.map((value, i) => value - start[i]);
      expectNear(change, got, `parts of ${weight}`, { absolute: 1e-5, relative: 1e-3 });
    }
    parts.clear();
  });
  updates.forEach(({ surprise }, i) => {
    const [from, to] = [i * length, (i + 1) * length];
    const { losses } = trainer.step(inputs.slice(from, to), next.slice(from, to), to >= inputs.length);
    expectNear(surprise, losses, `losses of tick ${i}`, { absolute: 1e-5, relative: 1e-4 });
  });
  for (const [weight, values] of fastWeights(state)) {
    expect(distance(values, trainer.model.weights.get(weight)!), weight).toBeLessThanOrEqual(2e-5);
  }
  // What an optimizer remembers outlives the chunks.
  state.forgetOptimizers();
  state.dropOpenChunks();
  expect(tf.memory().numTensors).toBe(open);
  expect([...fastWeights(state).keys()].map(levelOf)).toContain('memory');
  state.dispose();
  base.dispose();
});
