import { beforeAll, describe, expect, test } from 'vitest';
import { tickOf } from '../../engine/checkpoint/config.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/metric.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { distance, expectNear } from '../support/near.ts';
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

/** Passes of 21 tokens: no period divides it, so chunks lie across passes and the last tick is short. */
const TEXT = smallText(21);
const EPOCHS = 2;

interface Case extends SmallShape {
  readonly tick: number;
  readonly rates?: Record<string, number>;
}

const CASES: Record<string, Case> = {
  'periods 2, 4, 4, 8, 16': { tick: 2 },
  'periods 3, 6, 3, 9, 12, one head': { tick: 3, heads: 1, memory: 3, projections: 6, cms: [3, 9, 12] },
  'memory slower than projections': { tick: 4, memory: 16, projections: 4, cms: [8, 20] },
  'every level at every token': { tick: 1, memory: 1, projections: 1, cms: [1], convolution: 2 },
  'every level once, at the end': { tick: 42, memory: 42, projections: 42, cms: [42] },
  'other rates': {
    tick: 2,
    rates: { memory: 0.5, projections: 2, 'cms.0': 0.05, 'cms.1': 0, 'cms.2': 0.03 },
  },
};

/** The reference after the last tick, and its losses and fired levels a tick; slow, so once a case. */
const known = new Map<string, ReturnType<typeof trainReference>>();
function expected(name: string) {
  const result = known.get(name) ?? trainReference(CASES[name]);
  known.set(name, result);
  return result;
}

function trainReference({ tick, rates = RATES, ...shape }: Case) {
  const config = smallConfig(shape);
  const trainer = new ReferenceTrainer(referenceOf(config, smallWeights(config)), rates);
  const { inputs, targets } = streamOf(TEXT, END_OF_TEXT, EPOCHS);
  const ticks = Array.from({ length: Math.ceil(inputs.length / tick) }, (_, i) => {
    const [from, to] = [i * tick, i * tick + tick];
    return trainer.step(inputs.slice(from, to), targets.slice(from, to), to >= inputs.length);
  });
  return { ticks, weights: trainer.model.weights };
}

describe.each(['cpu', 'wasm'] as const)('online training on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(Object.keys(CASES))('%s: losses, firing and weights are those of the token loop', async name => {
    const { tick, rates = RATES, ...shape } = CASES[name];
    const config = smallConfig(shape);
    expect(tickOf(config)).toBe(tick);
    const { base } = smallModels(config);
    const state = new FastState(base);
    const before = fastWeights(state);
    const reference = expected(name);
    const levels = ['memory', 'projections', ...config.cms.periods.map((_, k) => `cms.${k}`)];
    const updates = await trainTicks(state, ticksOf(state, TEXT, EPOCHS), { learningRates: rates });
    expect(updates.length).toBe(reference.ticks.length);
    updates.forEach(({ surprise, loss, position, metrics }, i) => {
      expect(position).toBe(i * tick);
      expectNear(surprise, reference.ticks[i].losses, `losses of tick ${i}`, {
        absolute: 1e-5,
        relative: 1e-4,
      });
      expect(loss).toBeCloseTo(surprise.reduce((a, b) => a + b, 0) / surprise.length, 5);
      for (let row = 0; row < config.blocks * levels.length; row++) {
        const level = levels[row % levels.length];
        const fired = reference.ticks[i].fired.includes(level) ? 1 : 0;
        expect(metrics[row * METRICS.length + METRIC_INDEX.fired], `${level} at tick ${i}`).toBe(fired);
      }
    });
    for (const [weight, values] of fastWeights(state)) {
      const want = reference.weights.get(weight)!;
      expect(distance(values, want), `${weight} as a whole`).toBeLessThanOrEqual(1e-5);
      if (rates[levelOf(weight) as keyof typeof rates] === 0) continue;
      const start = before.get(weight)!;
      expect(distance(start, want), `${weight} moves`).toBeGreaterThan(1e-3);
      expect(distance(values, want, start), `the change of ${weight}`).toBeLessThanOrEqual(1e-4);
    }
    state.dispose();
    base.dispose();
  });
});
