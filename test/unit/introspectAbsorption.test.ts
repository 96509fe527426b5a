import { describe, expect, test } from 'vitest';
import { type AbsorptionInput, absorb } from '../../engine/introspect/absorption.ts';
import { CancelledError, type Watcher } from '../../engine/introspect/pace.ts';
import type { LevelTensor, Weights } from '../../engine/introspect/scorer.ts';
import { Random } from '../../engine/tensor/random.ts';
import { expectNear } from '../support/near.ts';
import { AdditiveScorer, bentTerm, dot, linearTerm, type ToyTerm } from '../support/toyScorer.ts';

const SIZE = 400;
const LEVELS = ['memory', 'projections', 'cms.0'];
const TENSORS: LevelTensor[] = LEVELS.flatMap(level =>
  [0, 1].map(block => ({ name: `${block}.${level}`, level: level as LevelTensor['level'], block })),
);
const QUIET: Watcher = { cancelled: () => false, progress: () => {} };

const random = new Random(11);
const normal = (scale: number) => Float32Array.from({ length: SIZE }, () => scale * random.normal());
/** Directions that a tensor's term reads, of norm 1. */
const axes = new Map(
  TENSORS.map(({ name }) => {
    const x = normal(1);
    const norm = Math.hypot(...x);
    return [name, x.map(value => value / norm)];
  }),
);
const START: Weights = new Map(TENSORS.map(({ name }) => [name, normal(0.05)]));

/** Moves each tensor by `shift` along its axis, and by as much again across it, which no term reads. */
function moved(shifts: Readonly<Record<string, number>>): Weights {
  return new Map(
    TENSORS.map(({ name }) => {
      const start = START.get(name)!;
      const shift = shifts[name] ?? 0;
      if (shift === 0) return [name, start];
      const x = axes.get(name)!;
      const across = normal(1);
      const along = dot(across, x);
      const rest = across.map((value, i) => value - along * x[i]);
      const scale = shift / Math.hypot(...rest);
      return [name, start.map((value, i) => value + shift * x[i] + scale * rest[i])];
    }),
  );
}

/** States that go from START to `end` in `to` equal updates. */
function straight(end: Weights, to: number): (updates: number) => Promise<Weights> {
  return async updates =>
    new Map(
      [...START].map(([name, start]) => {
        const last = end.get(name)!;
        if (last === start || updates === 0) return [name, start];
        return [name, updates === to ? last : start.map((w, i) => w + (updates / to) * (last[i] - w))];
      }),
    );
}

function input(
  scorer: AdditiveScorer,
  end: Weights,
  changes: Partial<AbsorptionInput> = {},
): AbsorptionInput {
  return {
    from: 0,
    to: 10,
    levels: LEVELS.map(id => ({ id, updates: 3, frozen: false })),
    blocks: 2,
    tensors: TENSORS,
    stateAt: straight(end, 10),
    moments: [],
    fact: scorer,
    paraphrases: [],
    neighbours: [],
    controls: 40,
    seed: 1,
    pathPoints: 16,
    ...changes,
  };
}

const linear = () => new AdditiveScorer(new Map([...axes].map(([name, x]) => [name, linearTerm(x)])));

describe('absorption of an additive toy', () => {
  test('gives back the shares that were planted in two levels, by level and by block', async () => {
    const planted = { '0.memory': 0.9, '1.memory': 0.4, '0.cms.0': 0.7 };
    const report = await absorb(input(linear(), moved(planted)), QUIET);
    const shares = [1.3, 0, 0.7];
    expectNear([report.gain], [2], 'gain', { relative: 0.01 });
    expect(report.significant).toBe(true);
    report.levels.forEach(({ level, shapley, necessity, sufficiency, interaction, path, zScore }, i) => {
      const expected = [shares[i], shares[i], shares[i], 0];
      expectNear([shapley, necessity, sufficiency, interaction], expected, level, { absolute: 0.01 * 2 });
      expectNear(
        path,
        [0, 1].map(block => planted[`${block}.${level}` as '0.memory'] ?? 0),
        `${level} by block`,
        {
          absolute: 0.01 * 2,
        },
      );
      if (shares[i]) expect(zScore, `${level} stands out`).toBeGreaterThan(3);
      else expect(zScore, `${level} did not change`).toBeNaN();
    });
    expectNear([report.pathResidual], [0], 'residual', { absolute: 1e-4 });
  });

  test('adds up to the gain, and the path integral to it, where terms are bent', async () => {
    const terms = new Map<string, ToyTerm>([...axes].map(([name, x], i) => [name, bentTerm(x, 1 + i / 4)]));
    const scorer = new AdditiveScorer(terms);
    const end = moved({ '0.memory': 2, '1.projections': -0.8, '0.cms.0': 1.1, '1.cms.0': 0.3 });
    const { gain, before, after, levels, pathResidual } = await absorb(input(scorer, end), QUIET);
    expectNear([after - before], [gain], 'after − before');
    for (const [i, { level, shapley }] of levels.entries()) {
      const own = TENSORS.filter(tensor => tensor.level === level);
      const exact = own.reduce((sum, { name }) => {
        const term = terms.get(name)!;
        return sum + term.value(end.get(name)!) - term.value(START.get(name)!);
      }, 0);
      expectNear([shapley], [exact], level, { absolute: 1e-6 });
      expectNear([levels[i].path[0] + levels[i].path[1]], [exact], `${level} by its path`, {
        absolute: 1e-4,
      });
    }
    expect(Math.abs(pathResidual)).toBeLessThan(1e-4);
    const sum = levels.reduce((total, { shapley }) => total + shapley, 0);
    expectNear([sum], [gain], 'Σφ', { absolute: 1e-9 });
  });

  test('is not significant where the change is as good as random', async () => {
    const end: Weights = new Map(
      [...START].map(([name, start]) => [name, start.map(w => w + 0.05 * random.normal())]),
    );
    const report = await absorb(input(linear(), end), QUIET);
    expect(Math.abs(report.gain)).toBeLessThan(2 * report.standardError);
    expect([report.significant, report.halfGainAt]).toEqual([false, undefined]);
    for (const { control, zScore } of report.levels) {
      expect(control.count).toBe(40);
      expect(Math.abs(zScore)).toBeLessThan(4);
    }
  });

  test('has controls of the size of the change, entry by entry, in random directions', async () => {
    const end = moved({ '0.memory': 1, '0.cms.0': 2 });
    const { levels, standardError } = await absorb(input(linear(), end, { controls: 400 }), QUIET);
    // With random signs ⟨x, ±Δ⟩ has the mean 0 and the variance Σ x² Δ².
    const expected = ['memory', 'projections', 'cms.0'].map(level => {
      const x = axes.get(`0.${level}`)!;
      const [a, b] = [START.get(`0.${level}`)!, end.get(`0.${level}`)!];
      return Math.hypot(...x.map((value, i) => value * (b[i] - a[i])));
    });
    levels.forEach(({ control, level }, i) => {
      expectNear([control.deviation], [expected[i]], level, { relative: 0.12, absolute: 0 });
      expect(Math.abs(control.mean), `mean of ${level}`).toBeLessThanOrEqual(expected[i] / 5);
    });
    expectNear([standardError], [Math.hypot(...expected)], 'all together', { relative: 0.12 });
  });

  test('is the same for the same seed', async () => {
    const end = moved({ '0.memory': 1, '1.cms.0': 0.5 });
    const [one, two, other] = [
      await absorb(input(linear(), end), QUIET),
      await absorb(input(linear(), end), QUIET),
      await absorb(input(linear(), end, { seed: 2 }), QUIET),
    ];
    expect(two).toEqual(one);
    expect(other.standardError).not.toBe(one.standardError);
  });

  test('finds the first update with half of the gain', async () => {
    const end = moved({ '0.memory': 2 });
    expect((await absorb(input(linear(), end), QUIET)).halfGainAt).toBe(5);
    const sudden = async (updates: number) => (updates < 7 ? START : end);
    expect((await absorb(input(linear(), end, { stateAt: sudden }), QUIET)).halfGainAt).toBe(7);
  });

  test('hands over from level to level along the moments', async () => {
    const [early, late] = [moved({ '0.memory': 1 }), moved({ '0.cms.0': 2 })];
    const stateAt = async (updates: number): Promise<Weights> =>
      updates < 2 ? START : updates < 6 ? early : late;
    const { handOver } = await absorb(input(linear(), late, { stateAt, moments: [1, 4, 8] }), QUIET);
    expect(handOver.updates).toEqual([1, 4, 8]);
    expectNear(handOver.shapley.flat(), [0, 0, 0, 1, 0, 0, 0, 0, 2], 'hand-over', { absolute: 0.01 });
  });

  test('credits nothing where nothing changed, and passes on what the run says of a level', async () => {
    const levels = [
      { id: 'memory', updates: 5, frozen: false },
      { id: 'projections', updates: 0, frozen: true },
      { id: 'cms.0', updates: 0, tokensToGo: 12, frozen: false },
    ];
    const report = await absorb(input(linear(), START, { levels }), QUIET);
    expect([report.gain, report.significant, report.pathResidual]).toEqual([0, false, 0]);
    expect(
      report.levels.map(({ shapley, updates, tokensToGo, frozen }) => [shapley, updates, tokensToGo, frozen]),
    ).toEqual([
      [0, 5, undefined, false],
      [0, 0, undefined, true],
      [0, 0, 12, false],
    ]);
  });

  test('scores paraphrases and neighbours at both ends', async () => {
    const end = moved({ '0.memory': 2 });
    const still = new AdditiveScorer(new Map([['1.cms.0', linearTerm(axes.get('1.cms.0')!)]]));
    const report = await absorb(
      input(linear(), end, { paraphrases: [linear()], neighbours: [still, still] }),
      QUIET,
    );
    expect(report.paraphrases).toEqual([{ before: report.before, after: report.after }]);
    expect(report.neighbours).toHaveLength(2);
    for (const { before, after } of report.neighbours) expect(after).toBe(before);
  });

  test('leaves the path out where no points are asked for', async () => {
    const report = await absorb(input(linear(), moved({ '0.memory': 2 }), { pathPoints: 0 }), QUIET);
    expect(report.levels.map(({ path }) => path)).toEqual([[], [], []]);
    expect(report.pathResidual).toBeNaN();
  });

  test('tells how far it is, up to the end, and stops when it is cancelled', async () => {
    const told: number[] = [];
    const end = moved({ '0.memory': 2, '0.cms.0': 1 });
    let total = 0;
    await absorb(input(linear(), end, { moments: [5] }), {
      cancelled: () => false,
      progress: (done, of) => {
        told.push(done);
        total = of;
      },
    });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(total);
    const scorer = linear();
    const cancelled = absorb(input(scorer, end), { cancelled: () => scorer.scored > 10, progress: () => {} });
    await expect(cancelled).rejects.toThrow(CancelledError);
    expect(scorer.scored).toBeLessThan(16);
  });
});
