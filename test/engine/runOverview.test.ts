import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/metric.ts';
import {
  OVERVIEW_LEVEL_TRACKS,
  OVERVIEW_TRACKS,
  overviewLevelTrack,
  overviewTrack,
  type RunOverview,
} from '../../engine/protocol/runOverview.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { RunReader, RunWriter, STRETCH } from '../../engine/run/index.ts';
import { readOverview } from '../../engine/session/overviewReading.ts';
import { sampleHeader, sampleUpdate } from '../support/runSample.ts';

const UPDATES = 1003;
/** Stream position of update 0, as in a branch. */
const START = 40;
const { blocks, levels } = sampleHeader;

let folder: string;
let path: string;
let updates: Update[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoperun-overview-'));
  path = join(folder, 'long.hoperun');
  updates = Array.from({ length: UPDATES }, (_, i) => {
    const update = sampleUpdate(i);
    return { ...update, position: START + update.position };
  });
  updates[700].surprise[2] = 99;
  updates[UPDATES - 1].surprise.fill(Number.NaN);
  updates[UPDATES - 1] = { ...updates[UPDATES - 1], loss: Number.NaN };
  const writer = RunWriter.create(path, sampleHeader);
  for (const update of updates) writer.append(update);
  writer.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function overview(from: number, to: number, columns: number, file = path): Promise<RunOverview> {
  const reader = RunReader.open(file);
  try {
    return await readOverview(reader, { from, to, columns }, () => false);
  } finally {
    reader.close();
  }
}

const finite = (values: number[]) => values.filter(value => !Number.isNaN(value));
const max = (values: number[]) => (finite(values).length ? Math.max(...finite(values)) : Number.NaN);
const mean = (values: number[]) =>
  finite(values).length ? finite(values).reduce((a, b) => a + b, 0) / finite(values).length : Number.NaN;

/** One column by the definition, from the updates whose `place` lies in it. */
function expectColumn(found: RunOverview, column: number, of: Update[], surprises: number[], where: string) {
  const near = (track: string, value: number, expected: number) => {
    if (Number.isNaN(expected)) expect(value, `${track} ${where}`).toBeNaN();
    else expect(value, `${track} ${where}`).toBeCloseTo(expected, 4);
  };
  near('surpriseMax', overviewTrack(found, 'surpriseMax')[column], max(surprises));
  near('surpriseMean', overviewTrack(found, 'surpriseMean')[column], mean(surprises));
  near('loss', overviewTrack(found, 'loss')[column], mean(of.map(({ loss }) => loss)));
  for (let block = 0; block < blocks; block++) {
    levels.forEach(({ id }, level) => {
      const group = (block * levels.length + level) * METRICS.length;
      const values = (metric: keyof typeof METRIC_INDEX, some = of) =>
        some.map(({ metrics }) => metrics[group + METRIC_INDEX[metric]]);
      const fired = of.filter(({ metrics }) => metrics[group + METRIC_INDEX.fired] === 1);
      const weights = values('weightNorm', fired);
      const expected = {
        rho: max(values('deltaNorm', fired).map((delta, i) => delta / weights[i])),
        drift: max(values('drift')),
        eta: mean(values('eta')),
        alpha: mean(values('alpha')),
        fired: of.length ? fired.length : Number.NaN,
      };
      for (const track of OVERVIEW_LEVEL_TRACKS) {
        const value = overviewLevelTrack(found, track, block, level)[column];
        near(`${track} of ${id} in block ${block}`, value, expected[track]);
      }
    });
  }
}

test.each([
  [START, START + UPDATES * 4, 200],
  [START + 401, START + 1002, 37],
  [START + 100, START + 108, 8],
  [0, 8000, 333],
])('positions %i to %i in %i columns are condensed update by update', async (from, to, columns) => {
  const found = await overview(from, to, columns);
  expect(found).toMatchObject({ runId: 'run-1', from, to, columns, blocks: 2, levels: 3 });
  const tracks = OVERVIEW_TRACKS.length + OVERVIEW_LEVEL_TRACKS.length * 6;
  expect(found.data.byteLength).toBe(tracks * columns * 4);
  const columnOf = (at: number) =>
    at < from || at >= to ? -1 : Math.floor(((at - from) * columns) / (to - from));
  for (let column = 0; column < columns; column++) {
    const of = updates.filter(({ position }) => {
      const last = position + 3;
      return columnOf(position < from && last >= from ? from : position) === column;
    });
    const surprises = updates.flatMap(({ position, surprise }) =>
      [...surprise].filter((_, i) => columnOf(position + i) === column),
    );
    expectColumn(found, column, of, surprises, `in column ${column}`);
  }
});

/** Which stretches the columns of a coarse overview hold. */
function stretchesIn(from: number, to: number, columns: number, column: number): Update[] {
  return updates.filter(({ index }) => {
    const whole = Math.floor(index / STRETCH) < Math.floor(UPDATES / STRETCH);
    const middle = START + (Math.floor(index / STRETCH) * STRETCH + STRETCH / 2) * 4;
    const place = whole ? middle : updates[index].position;
    return Math.floor(((place - from) * columns) / (to - from)) === column;
  });
}

test('a coarse overview loses no update and no spike, and needs no stretch to be whole', async () => {
  const [from, to, columns] = [START, START + UPDATES * 4, 20];
  const copy = join(folder, 'damaged.hoperun');
  const writer = RunWriter.create(copy, sampleHeader);
  for (const update of updates) writer.append(update);
  writer.close();
  const database = new DatabaseSync(copy);
  database.exec(
    "DELETE FROM stretches WHERE stretch = 3; UPDATE stretches SET tracks = x'00' WHERE stretch = 87",
  );
  database.close();
  const found = await overview(from, to, columns);
  for (let column = 0; column < columns; column++) {
    const of = stretchesIn(from, to, columns, column);
    expectColumn(
      found,
      column,
      of,
      of.flatMap(({ surprise }) => [...surprise]),
      `in column ${column}`,
    );
  }
  const spike = overviewTrack(found, 'surpriseMax').indexOf(99);
  expect(Math.abs(spike - 700 / (UPDATES / columns))).toBeLessThan(1.5);
  const other = await overview(from, to, columns, copy);
  const fired = (run: RunOverview) => overviewLevelTrack(run, 'fired', 1, 0).reduce((a, b) => a + b, 0);
  expect(fired(other)).toBe(fired(found));
  expect(fired(found)).toBe(updates.filter(({ metrics }) => metrics[3 * METRICS.length] === 1).length);
  expect(Math.max(...overviewTrack(other, 'surpriseMax'))).toBe(99);
});

test('ranges that make no sense are refused, and a cancelled overview ends', async () => {
  for (const [from, to, columns] of [
    [5, 5, 10],
    [0, Number.NaN, 10],
    [0, 10, 0],
    [0, 10, 1.5],
    [0, 10, 1e9],
  ]) {
    await expect(overview(from, to, columns)).rejects.toMatchObject({ code: 'bad-input' });
  }
  const reader = RunReader.open(path);
  const asked = readOverview(reader, { from: 0, to: 8000, columns: 10 }, () => true);
  await expect(asked).rejects.toThrow('The overview was cancelled.');
  reader.close();
});
