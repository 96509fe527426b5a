import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AbsorptionRequest } from '../../engine/protocol/absorption.ts';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/metric.ts';
import type { TrainOptions } from '../../engine/protocol/training.ts';
import { RunReader } from '../../engine/run/index.ts';
import { absorbFact } from '../../engine/session/absorption.ts';
import { readForgetting, readInterference } from '../../engine/session/forgetting.ts';
import type { Session } from '../../engine/session/session.ts';
import { readSpectrum, readWriteParts } from '../../engine/session/spectra.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectNear } from '../support/near.ts';
import { Bench, Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

const FACT = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };
const OTHER = { prompt: 'Her father built', answer: 'boats' };
const LEVELS = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2'];
const never = () => false;
const quiet = () => {};

let bench: Bench;
let session: Session;
/** The run that most tests look into: 3 passes, every level moves. */
let run: { path: string; updates: number };

beforeAll(async () => {
  bench = await Bench.make();
  session = await bench.session();
  run = await trained('all', { epochs: 3 });
}, 60_000);
afterAll(() => bench.dispose());

async function trained(
  name: string,
  options: Partial<TrainOptions>,
): Promise<{ path: string; updates: number }> {
  session.reset();
  const path = bench.path(`${name}.hoperun`);
  const request = trainRequest({
    options: { ...TRAIN_OPTIONS, ...options },
    probes: [FACT, OTHER],
    probeInterval: 16,
    runPath: path,
  });
  const { updates } = await session.train(request, new Recording());
  return { path, updates };
}

function absorption(changes: Partial<AbsorptionRequest> = {}): AbsorptionRequest {
  return {
    ...{ token: 't', path: run.path, from: 0, to: run.updates, fact: FACT, paraphrases: [], neighbours: [] },
    ...{ controls: 20, seed: 1, pathPoints: 8 },
    ...changes,
  };
}

const report = (request: AbsorptionRequest) =>
  session.inspect(request.path, never, inspected => absorbFact(inspected, request, quiet));

describe('absorption in a recorded run', () => {
  test('scores as probes do, adds up, and leaves the memory and the tensors as they are', async () => {
    const request = absorption({ neighbours: [OTHER], paraphrases: [FACT] });
    await report(request);
    const weights = await bench.weights(session);
    const tensors = tf.memory().numTensors;
    const { before, after, gain, levels, neighbours, paraphrases, handOver, pathResidual } =
      await report(request);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(await bench.weights(session)).toEqual(weights);
    const scores = RunReader.open(run.path)
      .details()
      .probes.map(probe => probe.scores);
    const ends = scores.map(each => [each[0].meanLogProbability, each[each.length - 1].meanLogProbability]);
    expectNear([before, after], ends[0], 'fact', { absolute: 2e-5 });
    expectNear([neighbours[0].before, neighbours[0].after], ends[1], 'neighbour', { absolute: 2e-5 });
    expectNear([paraphrases[0].before, paraphrases[0].after], ends[0], 'paraphrase', { absolute: 2e-5 });
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    expectNear([total(levels.map(({ shapley }) => shapley))], [gain], 'Σφ', { absolute: 1e-6 });
    expectNear([total(levels.flatMap(({ path }) => path))], [gain], 'path', {
      absolute: Math.abs(pathResidual) + 1e-6,
    });
    expect(levels.map(({ level }) => level)).toEqual(LEVELS);
    expect(
      levels.every(({ updates, frozen, tokensToGo }) => updates > 0 && !frozen && tokensToGo === undefined),
    ).toBe(true);
    expect(handOver.updates.at(-1)).toBe(run.updates);
    expectNear(
      handOver.shapley.at(-1)!,
      levels.map(({ shapley }) => shapley),
      'hand-over at the end',
      { absolute: 1e-9 },
    );
  });

  test('says how long a slow level has still to wait, and which one is frozen', async () => {
    const { path } = await trained('frozen', { learningRates: { projections: 0 } });
    // 5 updates of 4 tokens: cms.0 (16) fired once, cms.1 (32) has 20 of its tokens, cms.2 (64) as well.
    const { levels } = await report(absorption({ path, to: 5 }));
    expect(levels.map(({ updates, tokensToGo, frozen }) => [updates, tokensToGo, frozen])).toEqual([
      [5, undefined, false],
      [0, undefined, true],
      [1, undefined, false],
      [0, 12, false],
      [0, 44, false],
    ]);
  });

  test.each(LEVELS)('gives %s all of the credit where it alone may move', async only => {
    const learningRates = Object.fromEntries(LEVELS.filter(id => id !== only).map(id => [id, 0]));
    const { path, updates } = await trained(only, { learningRates });
    const { gain, levels } = await report(absorption({ path, to: updates, pathPoints: 0 }));
    expect(gain).not.toBe(0);
    for (const { level, shapley } of levels) {
      if (level === only) expectNear([shapley], [gain], level, { absolute: 1e-9 });
      else expect(shapley, level).toBe(0);
    }
  });

  test.each([
    [{ from: 3, to: 3 }, 'no stretch from 3 to 3'],
    [{ to: 1e6 }, 'no stretch from 0 to 1000000'],
    [{ controls: 5 }, 'controls is 5'],
    [{ pathPoints: 3 }, 'pathPoints is 3'],
    [{ seed: -1 }, 'seed is -1'],
    [{ fact: { prompt: '', answer: 'x' } }, 'A probe needs a prompt and an answer'],
  ])('refuses %o', async (changes, message) => {
    await expect(report(absorption(changes))).rejects.toThrow(message);
  });

  test('is cancelled at any time, and the engine is then free', async () => {
    for (const after of [0, 3, 40]) {
      let asked = 0;
      const request = absorption({ controls: 200 });
      const cancelled = session.inspect(
        run.path,
        () => asked++ >= after,
        inspected => absorbFact(inspected, request, quiet),
      );
      await expect(cancelled, `after ${after} looks`).rejects.toThrow('cancelled');
    }
    await expect(session.seek(run.path, 2, never)).resolves.toMatchObject({ updates: 2 });
  });
});

describe('the inside of a recorded run', () => {
  const inspect = <T>(body: Parameters<typeof session.inspect<T>>[2]) =>
    session.inspect(run.path, never, body);

  test('spectra of a stretch have the norms that were recorded, and bounds by what was written', async () => {
    const at = (update: number, level: string) => {
      const reader = RunReader.open(run.path);
      const { metrics } = reader.update(update);
      reader.close();
      return metrics[(1 * LEVELS.length + LEVELS.indexOf(level)) * METRICS.length + METRIC_INDEX.deltaNorm];
    };
    for (const [level, update] of [
      ['memory', 4],
      ['cms.0', 3],
    ] as const) {
      const request = { path: run.path, from: update, to: update + 1, level, block: 1 };
      const { matrices } = await inspect(inspected => readSpectrum(inspected, request));
      const names =
        level === 'memory'
          ? [
              'selfmod.m_memory.w1[0]',
              'selfmod.m_memory.w1[1]',
              'selfmod.m_memory.w2[0]',
              'selfmod.m_memory.w2[1]',
            ]
          : ['cms.0.expand.weight', 'cms.0.contract.weight'];
      expect(matrices.map(({ name }) => name)).toEqual(names.map(name => `blocks.1.${name}`));
      for (const { delta, deltaNorm, rankBound, shape, effectiveRank, stableRank } of matrices) {
        expectNear([Math.hypot(...delta)], [deltaNorm], '‖σ‖');
        expect(rankBound).toBe(level === 'memory' ? 8 : 16);
        expect(shape.length).toBe(2);
        expect(stableRank).toBeLessThanOrEqual(effectiveRank * (1 + 1e-6));
        expect(effectiveRank).toBeLessThanOrEqual(rankBound + 1e-6);
      }
      const together = Math.hypot(...matrices.map(({ deltaNorm }) => deltaNorm));
      // The vectors of a CMS level are no matrices, but part of its recorded norm.
      if (level === 'memory') expectNear([together], [at(update, level)], level, { relative: 1e-3 });
      else expect(together).toBeLessThanOrEqual(at(update, level) * (1 + 1e-3));
    }
  });

  test('the parts of a write are those of the recorded change', async () => {
    const reader = RunReader.open(run.path);
    for (const [level, update] of [
      ['memory', 7],
      ['projections', 7],
      ['memory', 0],
    ] as const) {
      const request = { path: run.path, update, level, block: 1 };
      const { parts } = await inspect(inspected => readWriteParts(inspected, request));
      const { metrics } = reader.update(update);
      const recorded =
        metrics[(LEVELS.length + LEVELS.indexOf(level)) * METRICS.length + METRIC_INDEX.deltaNorm];
      expectNear([Math.hypot(...parts.map(({ delta }) => delta))], [recorded], `${level} ${update}`, {
        relative: 1e-4,
      });
      expect(parts.map(({ memory }) => memory)).toEqual(
        level === 'memory' ? ['memory'] : ['k', 'v', 'eta', 'alpha'],
      );
    }
    reader.close();
    const refused = (level: string, update: number) =>
      inspect(inspected => readWriteParts(inspected, { path: run.path, update, level, block: 0 }));
    await expect(refused('projections', 0)).rejects.toThrow('did not change projections');
    await expect(refused('cms.0', 3)).rejects.toThrow('has no parts');
    await expect(refused('memory', 1e6)).rejects.toThrow('no stretch');
  });

  test('interference is predicted by the gradient: well for a small change', async () => {
    const request = { path: run.path, from: 0, to: 1, probes: [FACT, OTHER] };
    const { levels, facts } = await inspect(inspected => readInterference(inspected, request));
    expect(levels).toEqual(LEVELS);
    for (const { predicted, measured } of facts) {
      // Only the memory fires at the first update.
      expect(predicted.slice(1)).toEqual([0, 0, 0, 0]);
      expectNear([predicted[0]], [measured], 'damage', { absolute: 1e-4, relative: 0.2 });
    }
  });

  test('forgetting is read from the scores in the files, of one run or of several', async () => {
    const { probes, report: one } = await readForgetting([run.path]);
    expect(probes).toEqual([FACT, OTHER]);
    const reader = RunReader.open(run.path);
    const scores = reader.details().probes.map(each => each.scores.map(score => score.meanLogProbability));
    reader.close();
    expect(scores[0].length).toBeGreaterThan(10);
    expect(one.matrix.at(-1)).toEqual(one.facts.map(({ fact }) => scores[fact].at(-1)));
    for (const { fact, worst, gap } of one.facts) {
      expect(worst).toBeGreaterThanOrEqual(Math.min(...scores[fact]));
      expect(gap).toBeGreaterThanOrEqual(0);
    }
    const { report: two } = await readForgetting([run.path, bench.path('frozen.hoperun')]);
    expect(two.matrix).toHaveLength(2);
    await expect(readForgetting([])).rejects.toThrow('0 runs were named');
  });
});
