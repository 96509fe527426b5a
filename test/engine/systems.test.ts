import { beforeAll, describe, expect, test } from 'vitest';
import { SCORES } from '../../engine/checkpoint/attentionConfig.ts';
import { levelsOf } from '../../engine/checkpoint/config.ts';
import type { SystemName } from '../../engine/checkpoint/systems.ts';
import { readRows } from '../../engine/introspect/rowReading.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { readSequence, startReading, tokenLosses } from '../../engine/model/languageModel.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { StateSnapshot } from '../../engine/model/stateSnapshot.ts';
import { decodeFastState, encodeFastState } from '../../engine/session/fastStateFile.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import { expectNear, expectSameBits } from '../support/near.ts';
import { ReferenceSystem } from '../support/referenceSystems.ts';
import { difference } from '../support/referenceTrainer.ts';
import { END_OF_TEXT, smallConfig, smallModels, smallText, smallWeights } from '../support/smallHope.ts';
import { fastWeights, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';

const TOKENS = 20;
const targets = smallText(TOKENS);
/** Three documents; the last begins in the middle of a chunk. */
const ids = targets.map((_, t) => ([0, 7, 15].includes(t) ? END_OF_TEXT : targets[t - 1]));
const SAMPLES = 3;

const SYSTEMS = {
  'hope-attention': { convolution: 3, cms: [2, 4] },
  transformer: { convolution: 1, cms: [4] },
  retnet: { convolution: 1, cms: [4] },
  deltanet: { convolution: 4, cms: [4] },
  'linear-attention': { convolution: 1, cms: [4] },
  lstm: { convolution: 1, cms: [4] },
  llama: {
    convolution: 1,
    cms: [2, 4],
    transformer: {
      key_heads: 1,
      rotary_base: 500,
      epsilon: 1e-3,
      own_head: true,
      attention_bias: true,
    },
  },
  // A document of 8 tokens goes past its positions.
  'gpt-2': { convolution: 1, cms: [4], transformer: { positions: 5, epsilon: 1e-3 } },
} as const;
type Compared = keyof typeof SYSTEMS;
const NAMES = Object.keys(SYSTEMS) as Compared[];

const configOf = (system: Compared, window?: number) => ({
  ...smallConfig({ ...SYSTEMS[system], system: system as SystemName }),
  ...(window && { window }),
});

function referenceOf(config: ReturnType<typeof configOf>) {
  const wide = new Map([...smallWeights(config)].map(([name, { data }]) => [name, Float64Array.from(data)]));
  return new ReferenceSystem(config, wide, END_OF_TEXT);
}

/** Losses of the text in calls of these lengths. */
function read(config: ReturnType<typeof configOf>, calls: readonly number[]): number[] {
  const losses: number[] = [];
  tf.tidy(() => {
    const { base } = smallModels(config);
    const parameters = bindParameters(config, each => base.tensors.get(each)!);
    let state = startReading(parameters, config, 1);
    let at = 0;
    for (const length of calls) {
      const [part, next] = [ids, targets].map(all => Int32Array.from(all.slice(at, at + length)));
      const result = readSequence(parameters, config, part, END_OF_TEXT, state);
      losses.push(...tokenLosses(parameters, result.hidden, next).dataSync());
      state = result.state;
      at += length;
    }
  });
  return losses;
}

describe.each(['cpu', 'wasm'] as const)('compared systems on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(NAMES)('%s: losses are those of the token loop, at once, in pieces, token by token', system => {
    const config = configOf(system);
    const expected = referenceOf(config).read(ids, targets);
    for (const calls of [[TOKENS], [3, 8, 9], new Array(TOKENS).fill(1)]) {
      expectNear(read(config, calls), expected, `in ${calls}`, { absolute: 1e-5, relative: 1e-5 });
    }
  });

  test.each(SCORES)('hope-attention with %s scores: losses are those of the token loop', scores => {
    const config = { ...configOf('hope-attention'), scores };
    const expected = referenceOf(config).read(ids, targets);
    expectNear(read(config, [3, 8, 9]), expected, scores, { absolute: 1e-5, relative: 1e-5 });
    const usual = referenceOf(configOf('hope-attention')).read(ids, targets);
    if (scores === 'sharpened') expect(expected).toEqual(usual);
    else expect(expected).not.toEqual(usual);
  });

  test('hope-attention of mode km with unnormalised-keys has plain scores', () => {
    const post = { ...configOf('hope-attention'), norm: 'post' } as const;
    const expected = referenceOf({ ...post, scores: 'plain' }).read(ids, targets);
    const km = { defects: ['unnormalised-keys'] } as const;
    const got = read({ ...post, mode: 'km', scores: 'normed', km }, [TOKENS]);
    expectNear(got, expected, 'losses', { absolute: 1e-5, relative: 1e-5 });
  });

  test.each(['transformer', 'hope-attention'] as const)(
    '%s looks back no further than its window',
    system => {
      const config = configOf(system, 4);
      const expected = referenceOf(config).read(ids, targets);
      expect(expected).not.toEqual(referenceOf(configOf(system)).read(ids, targets));
      for (const calls of [[TOKENS], [5, 1, 14]]) {
        expectNear(read(config, calls), expected, `in ${calls}`, { absolute: 1e-5, relative: 1e-5 });
      }
    },
  );

  test.each(NAMES)('%s: every gradient is that of finite differences', async system => {
    const config = configOf(system);
    const rows = new RowGradients(config, END_OF_TEXT);
    const { layout } = rows;
    const weights = new Map([...smallWeights(config)].map(([name, { data }]) => [name, data]));
    const flat = layout.flatten(weights, new Float32Array(layout.size));
    const gradient = new Float32Array(layout.size);
    const before = tf.memory().numTensors;
    const batch = { ids: Int32Array.from(ids), targets: Int32Array.from(targets) };
    await rows.compute(flat, batch, Float32Array.of(1), gradient);
    const { weights: theta } = referenceOf(config);
    const total = () =>
      new ReferenceSystem(config, theta, END_OF_TEXT).read(ids, targets).reduce((a, b) => a + b, 0) / TOKENS;
    for (const [name, part] of layout.split(gradient)) {
      const w = theta.get(name)!;
      if (system === 'gpt-2' && /w_k\.bias$/.test(name)) {
        // It shifts all scores of a token alike.
        expect(Math.hypot(...part), name).toBeLessThan(1e-6);
        continue;
      }
      const at = Array.from({ length: SAMPLES }, (_, i) => Math.floor((i * w.length) / SAMPLES));
      const expected = at.map(i => difference(w, i, total));
      const got = at.map(i => part[i]);
      const size = Math.max(Math.hypot(...expected), Math.hypot(...part) / Math.sqrt(part.length));
      expect(size, `the gradient of ${name}`).toBeGreaterThan(1e-6);
      const error = Math.hypot(...got.map((g, i) => g - expected[i]));
      expect(error / size, `${name}: ${got}, expected ${expected}`).toBeLessThan(1e-4);
    }
    rows.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(NAMES)('%s: rows of a batch do not see each other', system => {
    const config = configOf(system);
    tf.tidy(() => {
      const { base } = smallModels(config);
      const parameters = bindParameters(config, each => base.tensors.get(each)!);
      const half = TOKENS / 2;
      const both = (batch: number, from: number, to: number) => {
        const part = Int32Array.from(ids.slice(from, to));
        const { hidden } = readSequence(
          parameters,
          config,
          part,
          END_OF_TEXT,
          startReading(parameters, config, batch),
        );
        return tokenLosses(parameters, hidden, Int32Array.from(targets.slice(from, to))).dataSync();
      };
      const together = both(2, 0, TOKENS);
      expectNear(together.slice(0, half), both(1, 0, half), 'row 0');
      expectNear(together.slice(half), both(1, half, TOKENS), 'row 1');
    });
  });

  test.each(NAMES)('%s trains online, keeps its state in a file, and is measured by rows', async system => {
    const config = configOf(system);
    const before = tf.memory().numTensors;
    const { base } = smallModels(config);
    const state = new FastState(base);
    const start = fastWeights(state);
    const rates = Object.fromEntries(
      Object.entries(RATES).filter(([id]) => levelsOf(config).some(l => l.id === id)),
    );
    const ticks = ticksOf(state, targets, 2);
    const updates = await trainTicks(state, ticks.slice(0, 5), { learningRates: rates, flush: false });
    const snapshot = StateSnapshot.of(state);
    const file = await encodeFastState(state, 'model');
    const rest = await trainTicks(state, ticks.slice(5), { learningRates: rates });
    const whole = fastWeights(state);
    for (const [name, values] of whole) {
      expect(
        values.some((value, i) => value !== start.get(name)![i]),
        `${name} moves`,
      ).toBe(true);
    }
    snapshot.restore(state);
    await trainTicks(state, ticks.slice(5), { learningRates: rates });
    for (const [name, values] of fastWeights(state)) expectSameBits(values, whole.get(name)!, name);
    state.reset();
    decodeFastState(file, state, 'model', 'state');
    await trainTicks(state, ticks.slice(5), { learningRates: rates });
    for (const [name, values] of fastWeights(state)) expectSameBits(values, whole.get(name)!, name);
    // The first tick sees the weights of the checkpoint.
    const [{ surprise }] = updates;
    const { inputs, targets: next } = ticks[0];
    expectNear(surprise, referenceOf(config).read(inputs, next), 'the first tick', { absolute: 1e-5 });
    expect(rest.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    tf.tidy(() => {
      const rows = [state.parameters(), bindParameters(config, name => base.tensors.get(name)!)];
      const hidden = readRows(rows, config, Int32Array.from(ids), END_OF_TEXT);
      const all = Int32Array.from([...targets, ...targets]);
      const losses = tokenLosses(rows[1], hidden, all).dataSync();
      expectNear(losses.slice(TOKENS), referenceOf(config).read(ids, targets), 'row 1', { absolute: 1e-5 });
    });
    snapshot.dispose();
    state.dispose();
    base.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
