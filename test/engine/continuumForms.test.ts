import { beforeAll, describe, expect, test } from 'vitest';
import { DEFAULTS, type LevelOptimizerConfig } from '../../engine/checkpoint/levelOptimizer.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { StateSnapshot } from '../../engine/model/stateSnapshot.ts';
import { describeTensors } from '../../engine/session/describe.ts';
import { decodeFastState, encodeFastState } from '../../engine/session/fastStateFile.ts';
import type { OpenModel } from '../../engine/session/openModel.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import type { OptimizerUpdate } from '../../engine/train/optimizerUpdates.ts';
import { distance, expectNear, expectSameBits } from '../support/near.ts';
import { levelOf } from '../support/reference.ts';
import { ReferenceTrainer, streamOf } from '../support/referenceTrainer.ts';
import {
  END_OF_TEXT,
  referenceOf,
  type SmallShape,
  smallConfig,
  smallModels,
  smallText,
  smallWeights,
} from '../support/smallHope.ts';
import { fastWeights, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';

const TEXT = smallText(13);
const optimizers = (...kinds: LevelOptimizerConfig['kind'][]) =>
  kinds.map(kind => ({ kind, ...DEFAULTS[kind] }));
const small = { blocks: 1, width: 6, memory: 2, projections: 2 };

const CASES: Record<string, SmallShape> = {
  'slow level first': { ...small, cms: [2, 4], levels: { order: 'slow-first' } },
  'side by side': { ...small, cms: [2, 4], levels: { form: 'independent' } },
  nested: { ...small, cms: [2, 4, 8], levels: { form: 'nested' } },
  'periods 1, 3 and 7': { ...small, memory: 1, projections: 3, cms: [1, 3, 7] },
  'delta gradient descent and momentum': {
    ...small,
    cms: [2, 4],
    levels: { optimizers: optimizers('delta-gradient-descent', 'momentum') },
  },
  'projected momentum': {
    ...small,
    cms: [2, 4],
    levels: { optimizers: optimizers('projected-momentum', 'projected-momentum') },
  },
  'M3 and AdamW, side by side': {
    ...small,
    cms: [2, 4],
    levels: { form: 'independent', optimizers: optimizers('m3', 'adamw') },
  },
  'deep momentum, plain and Muon, nested': {
    ...small,
    cms: [2, 4, 8],
    levels: { form: 'nested', optimizers: optimizers('deep-momentum', 'sgd', 'muon') },
  },
};

/** The reference after the last tick and its losses, once a case. */
const known = new Map<string, { losses: number[]; weights: ReadonlyMap<string, Float64Array> }>();
function expected(name: string) {
  const config = smallConfig(CASES[name]);
  const trainer = new ReferenceTrainer(referenceOf(config, smallWeights(config)), RATES);
  const { inputs, targets } = streamOf(TEXT, END_OF_TEXT, 1);
  const tick = CASES[name].memory!;
  const losses: number[] = [];
  for (let at = 0; at < inputs.length; at += tick) {
    const end = at + tick >= inputs.length;
    losses.push(...trainer.step(inputs.slice(at, at + tick), targets.slice(at, at + tick), end).losses);
  }
  const result = known.get(name) ?? { losses, weights: trainer.model.weights };
  known.set(name, result);
  return result;
}

async function withState(name: string, body: (state: FastState) => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  const { base } = smallModels(smallConfig(CASES[name]));
  const state = new FastState(base);
  await body(state);
  state.dispose();
  base.dispose();
  expect(tf.memory().numTensors, 'tensors left').toBe(before);
}

describe.each(['cpu', 'wasm'] as const)('the continuum memory on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(Object.keys(CASES))('%s: losses and weights are those of the token loop', async name => {
    await withState(name, async state => {
      const start = fastWeights(state);
      const { losses, weights } = expected(name);
      const updates = await trainTicks(state, ticksOf(state, TEXT));
      const got = updates.flatMap(({ surprise }) => [...surprise]);
      expectNear(got, losses, 'losses', { absolute: 1e-5, relative: 1e-4 });
      for (const [weight, values] of fastWeights(state)) {
        const want = weights.get(weight)!;
        expect(distance(values, want), `${weight} as a whole`).toBeLessThanOrEqual(1e-4);
        expect(distance(values, want, start.get(weight)), `the change of ${weight}`).toBeLessThan(1e-3);
      }
    });
  });

  test.each(Object.keys(CASES))(
    '%s: a kept state goes on bit by bit, from memory and from its file',
    async name => {
      await withState(name, async state => {
        const ticks = ticksOf(state, TEXT);
        const half = Math.floor(ticks.length / 2);
        await trainTicks(state, ticks.slice(0, half), { flush: false });
        const snapshot = StateSnapshot.of(state);
        const file = await encodeFastState(state, 'model');
        await trainTicks(state, ticks.slice(half));
        const whole = fastWeights(state);
        snapshot.restore(state);
        await trainTicks(state, ticks.slice(half));
        for (const [weight, values] of fastWeights(state)) expectSameBits(values, whole.get(weight)!, weight);
        state.reset();
        decodeFastState(file, state, 'model', 'state');
        await trainTicks(state, ticks.slice(half));
        for (const [weight, values] of fastWeights(state)) expectSameBits(values, whole.get(weight)!, weight);
        snapshot.dispose();
      });
    },
  );
});

test('a nested level begins again when the next slower one is written, the slowest never', async () => {
  await openBackend('wasm');
  await withState('nested', async state => {
    const base = fastWeights(state);
    const at = new Map<string, number[]>();
    let update = 0;
    await trainTicks(state, ticksOf(state, TEXT.slice(0, 12)), {}, () => {
      update++;
      for (const [name, values] of fastWeights(state)) {
        const level = levelOf(name);
        const same = values.every((value, i) => value === base.get(name)![i]);
        if (same && /contract\.weight/.test(name)) at.set(level, [...(at.get(level) ?? []), 2 * update]);
      }
    });
    // cms.0 is written every 2 tokens and begins again every 4; cms.1 every 4 and 8; cms.2 every 8.
    expect(at.get('cms.0')).toEqual([4, 8, 12]);
    expect(at.get('cms.1')).toEqual([2, 8, 10]);
    expect(at.get('cms.2')).toEqual([2, 4, 6]);
  });
});

test('what the optimizers remember is measured as a level of its own', async () => {
  await openBackend('wasm');
  await withState('delta gradient descent and momentum', async state => {
    const seen: OptimizerUpdate[] = [];
    const open = tf.memory().numTensors;
    let before = 0;
    await trainTicks(state, ticksOf(state, TEXT.slice(0, 12)), {
      onOptimizers: updates => seen.push(...updates),
    });
    expect(seen.map(({ level, block, memory }) => [level, block, memory].join())).toEqual([
      'cms.1,0,m',
      'cms.1,0,m',
      'cms.1,0,m',
    ]);
    for (const { norm, deltaNorm, surprise } of seen) {
      // m ← β m − η g: the change is at most what was forgotten and what the error brought.
      expect(norm).toBeGreaterThan(0);
      expect(surprise).toBeGreaterThan(0);
      expect(deltaNorm).toBeLessThanOrEqual(1.0001 * (0.1 * before + RATES['cms.1'] * surprise));
      before = norm;
    }
    expect(seen[0].deltaNorm).toBeCloseTo(RATES['cms.1'] * seen[0].surprise, 6);
    const memories = [...state.optimizer].filter(([name]) => name.endsWith('.m'));
    const squares = memories.map(([, m]) => tf.tidy(() => tf.sum(tf.square(m)).dataSync()[0]));
    expect(Math.sqrt(squares.reduce((a, b) => a + b, 0))).toBeCloseTo(seen[2].norm, 6);
    // The Checkpoint tree has the same, a tensor at a time.
    const described = async () => {
      const tensors = await describeTensors({ base: state.base, fast: state } as OpenModel);
      return tensors.flatMap(({ level, memories = [] }) => memories.map(memory => ({ level, ...memory })));
    };
    const listed = await described();
    expect(listed.every(({ level, name }) => level === 'cms.1' && name === 'm')).toBe(true);
    expect(listed.length).toBe(memories.length);
    for (const size of ['norm', 'deltaNorm', 'surprise'] as const) {
      expect(Math.hypot(...listed.map(memory => memory[size]!)), size).toBeCloseTo(seen[2][size], 6);
    }
    // Of a state that was put back nothing was measured.
    const snapshot = StateSnapshot.of(state);
    snapshot.restore(state);
    snapshot.dispose();
    const restored = await described();
    expect(restored).toEqual(listed.map(({ level, name, shape, norm }) => ({ level, name, shape, norm })));
    state.reset();
    expect(await described()).toEqual([]);
    expect(tf.memory().numTensors).toBe(open);
  });
});
