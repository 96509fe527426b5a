import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { RunReader, RunWriter } from '../../engine/run/index.ts';
import { Bench, Recording, trainRequest } from '../support/tinySession.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.make();
});
afterAll(() => bench.dispose());
afterEach(() => vi.restoreAllMocks());

/** Updates that a file holds, as another program sees it. */
function inFile(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM updates').get()?.count);
  } finally {
    database.close();
  }
}

/** Updates of each transaction. */
const sizesOf = (calls: readonly (readonly unknown[])[]) => calls.map(updates => updates.length);

/** Before a keyframe everything that waits is recorded; here none is taken on the way. */
const withoutKeyframes = () => vi.spyOn(RunWriter.prototype, 'keyframeUnderWay', 'get').mockReturnValue(true);

test('updates of a moment are recorded together, and each is in the file before anyone is told of it', async () => {
  const runPath = bench.path('together.hoperun');
  withoutKeyframes();
  const append = vi.spyOn(RunWriter.prototype, 'append');
  const session = await bench.session(60_000);
  const recording = new Recording(Number.POSITIVE_INFINITY, ({ index }) => {
    expect(inFile(runPath)).toBeGreaterThan(index);
  });
  const { updates } = await session.train(trainRequest({ runPath }), recording);
  expect(recording.updates.map(({ index }) => index)).toEqual(Array.from({ length: updates }, (_, i) => i));
  // The first at once, so that something is seen; then as many as may wait; the last when the text ends.
  expect(sizesOf(append.mock.calls)).toEqual([1, 64, updates - 65]);
  const reader = RunReader.open(runPath);
  expect([...reader.updates()]).toEqual(recording.updates);
  reader.close();
});

test('no more than 64 wait, however long the moment is', async () => {
  withoutKeyframes();
  const append = vi.spyOn(RunWriter.prototype, 'append');
  const session = await bench.session(60_000);
  const options = { ...trainRequest().options, epochs: 4 };
  const request = trainRequest({ runPath: bench.path('many.hoperun'), options });
  const { updates } = await session.train(request, new Recording());
  const sizes = sizesOf(append.mock.calls);
  expect(updates).toBeGreaterThan(130);
  expect(sizes).toEqual([1, 64, 64, ...sizes.slice(3)]);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(updates);
});

test('a keyframe finds all that was trained before it recorded, however long the moment is', async () => {
  const runPath = bench.path('keyframes.hoperun');
  let milliseconds = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => milliseconds++);
  const append = vi.spyOn(RunWriter.prototype, 'append');
  const give = vi.spyOn(RunWriter.prototype, 'giveKeyframe');
  const session = await bench.session(60_000);
  const { updates } = await session.train(trainRequest({ runPath }), new Recording());
  const given = give.mock.calls.map(([at]) => at);
  expect(given.length).toBeGreaterThan(1);
  expect(given.at(-1)).toBe(updates);
  let sum = 0;
  const recorded = sizesOf(append.mock.calls).map(size => (sum += size));
  for (const at of given) expect(recorded).toContain(at);
});

test('at 0 each is recorded by itself, unless the file is occupied', async () => {
  vi.spyOn(RunWriter.prototype, 'occupied', 'get').mockReturnValue(false);
  const append = vi.spyOn(RunWriter.prototype, 'append');
  const session = await bench.session();
  const { updates } = await session.train(
    trainRequest({ runPath: bench.path('alone.hoperun') }),
    new Recording(),
  );
  expect(sizesOf(append.mock.calls)).toEqual(Array(updates).fill(1));
});
