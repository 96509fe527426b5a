import { beforeAll, describe, expect, test } from 'vitest';
import { type AbsorptionInput, absorb } from '../../engine/introspect/absorption.ts';
import { randomChange } from '../../engine/introspect/controls.ts';
import { ModelScorer } from '../../engine/introspect/modelScorer.ts';
import { innerProduct } from '../../engine/introspect/pathAttribution.ts';
import { changedLevels, mix, type Weights } from '../../engine/introspect/scorer.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectNear } from '../support/near.ts';
import { END_OF_TEXT, smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { fastWeights, movingLevels, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';

const TEXT = smallText(24);
const QUIET = { cancelled: () => false, progress: () => {} };
const STRONG = { memory: 1, projections: 1, 'cms.0': 0.2, 'cms.1': 0.1, 'cms.2': 0.1 };

/** A small model trained on TEXT, with its weights after every update. */
async function trained(learningRates: Record<string, number> = RATES, epochs = 1) {
  const { base } = smallModels(smallConfig());
  const state = new FastState(base);
  const states: Weights[] = [fastWeights(state)];
  await trainTicks(state, ticksOf(state, TEXT, epochs), { learningRates }, () => {
    states.push(fastWeights(state));
  });
  const levels = movingLevels(state);
  const fact = { prompt: Int32Array.from(TEXT.slice(3, 12)), answer: Int32Array.from(TEXT.slice(12, 15)) };
  const scorer = new ModelScorer(base, END_OF_TEXT, fact);
  const dispose = () => {
    state.dispose();
    base.dispose();
  };
  return { base, state, states, levels, scorer, dispose };
}

function input(
  model: Awaited<ReturnType<typeof trained>>,
  changes: Partial<AbsorptionInput> = {},
): AbsorptionInput {
  const { states, levels, state, scorer } = model;
  return {
    from: 0,
    to: states.length - 1,
    levels: levels.map(id => ({ id, updates: 1, frozen: false })),
    blocks: state.base.config.blocks,
    tensors: state.specs,
    stateAt: async updates => states[updates],
    moments: [],
    fact: scorer,
    paraphrases: [],
    neighbours: [],
    controls: 20,
    seed: 3,
    pathPoints: 12,
    ...changes,
  };
}

describe.each(['cpu', 'wasm'] as const)('a model as a scorer on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('scores all mixes at once as one by one, and leaves no tensor behind', async () => {
    const { state, states, levels, scorer, dispose } = await trained();
    const [before, after] = [states[0], states[states.length - 1]];
    const tensors = tf.memory().numTensors;
    const players = changedLevels(state.specs, levels, before, after);
    expect(players).toEqual(levels);
    const mixes = Array.from({ length: 2 ** players.length }, (_, mask) =>
      mix(state.specs, before, after, new Set(players.filter((_player, p) => mask & (1 << p)))),
    );
    const expected = mixes.map(weights => scorer.score(weights));
    expect(new Set(expected.map(value => value.toFixed(6))).size).toBe(32);
    expectNear(scorer.scoreAll(mixes), expected, 'mixes', { absolute: 1e-5 });
    // Weights that share no array, in another order.
    const others = [states[4], states[2], after].map(
      weights => new Map([...weights].map(([name, data]) => [name, data.slice()])),
    );
    const alone = others.map(weights => scorer.score(weights));
    expectNear(scorer.scoreAll(others), alone, 'others', { absolute: 1e-5 });
    scorer.gradient(after, ['blocks.0.cms.0.expand.bias']);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose();
  });

  test('has the gradient of finite differences, through the writes of the memories, for every level', async () => {
    const { state, states, levels, scorer, dispose } = await trained();
    const weights = states[3];
    const names = state.specs.map(({ name }) => name);
    const gradient = scorer.gradient(weights, names);
    const random = new Random(5);
    for (const level of levels) {
      const own = state.specs.filter(spec => spec.level === level);
      const step = (h: number, direction: Weights): Weights => {
        const moved = new Map(weights);
        for (const [name, d] of direction)
          moved.set(
            name,
            weights.get(name)!.map((w, i) => w + h * d[i]),
          );
        return moved;
      };
      const direction = new Map(
        own.map(({ name }) => [name, weights.get(name)!.map(() => 0.3 * random.normal())] as const),
      );
      const h = 1e-2;
      const slope = (scorer.score(step(h, direction)) - scorer.score(step(-h, direction))) / (2 * h);
      const zero = new Float32Array(1e5);
      const predicted = own.reduce(
        (sum, { name }) => sum + innerProduct(gradient.get(name)!, zero, direction.get(name)!),
        0,
      );
      expectNear([predicted], [slope], `along a direction of ${level}`, { absolute: 2e-3, relative: 0.02 });
    }
    dispose();
  });
});

describe('absorption in a model', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  test.each(['memory', 'projections', 'cms.0', 'cms.1', 'cms.2'])(
    'gives all of the credit to %s where it alone may move',
    async only => {
      const rates = Object.fromEntries(
        Object.entries(STRONG).map(([id, rate]) => [id, id === only ? rate : 0]),
      );
      const model = await trained(rates, 2);
      const report = await absorb(input(model, { pathPoints: 8 }), QUIET);
      expect(report.gain).not.toBe(0);
      for (const { level, shapley, necessity, sufficiency, interaction, path } of report.levels) {
        if (level !== only) {
          expect([shapley, necessity, sufficiency, interaction, ...path], level).toEqual([0, 0, 0, 0, 0, 0]);
          continue;
        }
        expectNear([shapley, necessity, sufficiency], Array(3).fill(report.gain), level, { absolute: 1e-6 });
        expectNear([path[0] + path[1]], [report.gain], 'path', { absolute: 2e-3, relative: 0.01 });
      }
      model.dispose();
    },
  );

  test('adds up to the gain where every level moves, by levels and by blocks', async () => {
    const model = await trained(STRONG, 4);
    const tensors = tf.memory().numTensors;
    const { gain, levels, pathResidual, handOver, halfGainAt, significant } = await absorb(
      input(model, { moments: [8, 16, 24], pathPoints: 16 }),
      QUIET,
    );
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    expectNear([total(levels.map(({ shapley }) => shapley))], [gain], 'Σφ', { absolute: 1e-6 });
    expectNear([total(levels.flatMap(({ path }) => path)) + pathResidual], [gain], 'Σ path + residual');
    expect(Math.abs(pathResidual), `residual of a gain of ${gain}`).toBeLessThan(
      0.02 * Math.abs(gain) + 2e-3,
    );
    expect(significant).toBe(true);
    expect(halfGainAt).toBeGreaterThan(0);
    handOver.updates.forEach((updates, i) => {
      const at = model.scorer.score(model.states[updates]) - model.scorer.score(model.states[0]);
      expectNear([total(handOver.shapley[i])], [at], `Σφ after ${updates} updates`, { absolute: 1e-5 });
    });
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });
});

test('a control has the norm of the change in every tensor, and not its direction', () => {
  const random = new Random(9);
  const [before, after] = [0, 1].map(
    () => new Map(['a', 'b'].map(name => [name, Float32Array.from({ length: 500 }, () => random.normal())])),
  );
  const tensors = ['a', 'b'].map(name => ({ name, level: 'memory' as const, block: 0 }));
  const drawn = randomChange(tensors, before, after, random);
  for (const { name } of tensors) {
    const delta = after.get(name)!.map((value, i) => value - before.get(name)![i]);
    const control = drawn.get(name)!.map((value, i) => value - before.get(name)![i]);
    expectNear([Math.hypot(...control)], [Math.hypot(...delta)], `‖Δ${name}‖`, { relative: 1e-5 });
    const cosine = innerProduct(control, new Float32Array(500), delta) / Math.hypot(...delta) ** 2;
    expect(Math.abs(cosine), `cos of ${name}`).toBeLessThan(0.2);
  }
});
