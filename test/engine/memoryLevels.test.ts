import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { levelsOf } from '../../engine/checkpoint/config.ts';
import { DEFAULTS, type LevelOptimizerConfig } from '../../engine/checkpoint/levelOptimizer.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { METRIC_INDEX, METRICS, type Metric } from '../../engine/protocol/metric.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { RunReader } from '../../engine/run/index.ts';
import { memoryLevels, recordedLevels } from '../../engine/train/memoryLevels.ts';
import type { OptimizerUpdate } from '../../engine/train/optimizerUpdates.ts';
import { type SmallShape, smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { ticksOf, trainTicks } from '../support/smallTraining.ts';
import { makeTinyModel, TINY_CONFIG } from '../support/tinyModel.ts';
import { Bench, Recording, trainRequest } from '../support/tinySession.ts';

const of = (kind: LevelOptimizerConfig['kind']) => ({ kind, ...DEFAULTS[kind] });
const SHAPE: SmallShape = {
  ...{ blocks: 2, width: 6, memory: 2, projections: 2, cms: [2, 4, 8], titans: { momentum: 0.5 } },
  levels: { form: 'nested', optimizers: [of('deep-momentum'), of('sgd'), of('m3')] },
};
const NAMES = [
  ...['memory.momentum', 'projections.momentum', 'cms.0.m', 'cms.0.w1', 'cms.0.w2'],
  ...['cms.2.m1', 'cms.2.m2', 'cms.2.v', 'cms.2.window'],
];

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.make();
});
afterAll(() => bench.dispose());

test('a model with plain gradient descent has none, and its updates are as they were', async () => {
  const config = smallConfig({ blocks: 1, cms: [4] });
  expect(memoryLevels(config)).toEqual([]);
  const { base } = smallModels(config);
  const state = new FastState(base);
  const [update] = await trainTicks(state, ticksOf(state, smallText(4)));
  expect(update.metrics.length).toBe((levelsOf(config).length - 1) * METRICS.length);
  state.dispose();
  base.dispose();
});

/** A reader of one number of an update. */
function reading(levels: readonly string[]) {
  return ({ metrics }: Update, level: string, block: number, metric: Metric) =>
    metrics[(block * levels.length + levels.indexOf(level)) * METRICS.length + METRIC_INDEX[metric]];
}

test('memories come behind the levels, with what their writes did to them', async () => {
  const config = smallConfig(SHAPE);
  expect(
    memoryLevels(config)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(NAMES.toSorted());
  const levels = recordedLevels(config).map(({ id }) => id as string);
  expect(levels.slice(0, 5)).toEqual(['memory', 'projections', 'cms.0', 'cms.1', 'cms.2']);
  const { base } = smallModels(config);
  const state = new FastState(base);
  const told: OptimizerUpdate[][] = [];
  const updates = await trainTicks(state, ticksOf(state, smallText(16)), {
    onOptimizers: (each, index) => {
      told[index] = [...each];
    },
  });
  const read = reading(levels);
  let seen = 0;
  for (const update of updates) {
    expect(update.metrics.length).toBe(config.blocks * levels.length * METRICS.length);
    for (const name of NAMES) {
      const at = name.lastIndexOf('.');
      const [level, memory] = [name.slice(0, at), name.slice(at + 1)];
      for (let block = 0; block < config.blocks; block++) {
        const found = told[update.index]?.find(
          each => each.level === level && each.block === block && each.memory === memory,
        );
        const got = (metric: Metric) => read(update, name, block, metric);
        expect(got('fired'), `${name} of update ${update.index}`).toBe(found ? 1 : 0);
        expect(got('pending')).toBe(read(update, level, block, 'pending'));
        expect(got('drift')).toBeNaN();
        if (!found) {
          expect(got('deltaNorm')).toBe(0);
          expect(got('lss')).toBeNaN();
          continue;
        }
        seen++;
        expect(got('deltaNorm')).toBe(Math.fround(found.deltaNorm));
        expect(got('weightNorm')).toBe(Math.fround(found.norm));
        expect(got('lss')).toBe(Math.fround(found.surprise));
      }
    }
    // A nested level whose context ends goes back to its start, past its optimizer.
    const restarts = (update.index + 1) % 2 === 0;
    expect([read(update, 'cms.0', 0, 'fired'), read(update, 'cms.0.w1', 0, 'fired')]).toEqual([
      1,
      restarts ? 0 : 1,
    ]);
  }
  expect(seen).toBeGreaterThan(40);
  expect(read(updates[0], 'cms.2.m1', 0, 'weightNorm')).toBe(0);
  // Another trainer that goes on from here knows what was remembered.
  const { metrics } = updates.at(-1)!;
  const [next] = await trainTicks(state, ticksOf(state, smallText(2)), { flush: false });
  for (const name of NAMES.filter(id => read(next, id, 1, 'fired') === 0)) {
    expect(read(next, name, 1, 'weightNorm'), name).toBe(read({ ...next, metrics }, name, 1, 'weightNorm'));
  }
  state.dispose();
  base.dispose();
});

test('a run file has them as levels, and what asks about weights does not', async () => {
  const optimizers = [of('momentum'), of('sgd'), of('sgd')];
  await makeTinyModel(bench.model, { config: { cms: { ...TINY_CONFIG.cms, optimizers } } });
  const session = await bench.session();
  const ids = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2', 'cms.0.m', 'outer'];
  const info = await session.load(bench.model);
  expect(info.levels.map(({ id }) => id)).toEqual(ids);
  const runPath = bench.path('memories.hoperun');
  const recording = new Recording();
  const result = await session.train(trainRequest({ runPath }), recording);
  expect(result.levels.map(({ id }) => id)).toEqual(ids.slice(0, 5));
  const reader = RunReader.open(runPath);
  expect(reader.header.levels.map(({ id }) => id)).toEqual(ids.slice(0, 6));
  expect([...reader.updates()].map(({ metrics }) => [...metrics])).toEqual(
    recording.updates.map(({ metrics }) => [...metrics]),
  );
  reader.close();
  const database = new DatabaseSync(runPath, { readOnly: true });
  const rows = database.prepare("SELECT * FROM level_history WHERE level = 'cms.0.m' AND block = 1").all();
  const owner = database.prepare("SELECT * FROM level_history WHERE level = 'cms.0' AND block = 1").all();
  expect(rows.length).toBe(owner.length);
  // m begins at zero, so that all of it is new after its first write.
  expect(rows[0].rho).toBeCloseTo(1, 6);
  expect(rows.every(({ lss, drift }) => Number(lss) > 0 && drift === null)).toBe(true);
  database.close();
});
