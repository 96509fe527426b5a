import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { METRIC_INDEX, METRICS, type Update } from '../../engine/protocol/index.ts';
import { annotateRun, RunFileError, RunReader, RunWriter } from '../../engine/run/index.ts';
import { sampleHeader, sampleState, sampleUpdate } from '../support/runSample.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoperun-'));
  path = join(folder, 'sample.hoperun');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bits = (update: Update) => ({
  ...update,
  surprise: Buffer.from(update.surprise.buffer, update.surprise.byteOffset, update.surprise.byteLength),
  metrics: Buffer.from(update.metrics.buffer, update.metrics.byteOffset, update.metrics.byteLength),
});

test('updates come back bit for bit, one by one, in ranges, and while the run is written', () => {
  const writer = RunWriter.create(path, sampleHeader);
  const reader = RunReader.open(path);
  expect(reader.header).toEqual(sampleHeader);
  expect(reader.updatesCount).toBe(0);
  const strange = sampleUpdate(600);
  // Signalling NaN, −0, the smallest float and infinity, in an array that does not start its buffer.
  new Uint32Array(strange.metrics.buffer, 0, 4).set([0x7fa00001, 0x80000000, 1, 0x7f800000]);
  const shifted = new Float32Array(5);
  shifted.set(strange.surprise, 1);
  for (let i = 0; i < 600; i++) writer.append(sampleUpdate(i));
  writer.append({ ...strange, surprise: shifted.subarray(1), loss: Number.NaN });

  expect(reader.updatesCount).toBe(601);
  const all = [...reader.updates()];
  expect(all.length).toBe(601);
  for (const i of [0, 1, 255, 256, 599]) {
    expect(bits(all[i])).toEqual(bits(sampleUpdate(i)));
    expect(bits(reader.update(i))).toEqual(bits(sampleUpdate(i)));
  }
  expect(bits(reader.update(600))).toEqual(bits({ ...strange, loss: Number.NaN }));
  expect([...reader.updates(250, 260)].map(update => update.index)).toEqual(
    Array.from({ length: 10 }, (_, i) => 250 + i),
  );
  expect(() => reader.update(601)).toThrow('no update 601, only 601');
  expect(reader.status).toBe('running');
  writer.finish('finished', { updates: 601 });
  expect(reader.status).toBe('finished');
  reader.close();
  writer.close();
});

test('a closed run is a single file', () => {
  const writer = RunWriter.create(path, sampleHeader);
  writer.append(sampleUpdate(0));
  writer.close();
  writer.close();
  expect([existsSync(`${path}-wal`), existsSync(`${path}-shm`)]).toEqual([false, false]);
  const reader = RunReader.open(path);
  expect(bits(reader.update(0))).toEqual(bits(sampleUpdate(0)));
  reader.close();
});

test('a run closed while a reader has it open is complete without the files beside it', () => {
  const writer = RunWriter.create(path, sampleHeader);
  writer.append(sampleUpdate(0));
  const reader = RunReader.open(path);
  writer.append(sampleUpdate(1));
  writer.close();
  expect(bits(reader.update(1))).toEqual(bits(sampleUpdate(1)));
  const copy = join(folder, 'copy.hoperun');
  writeFileSync(copy, readFileSync(path));
  const second = RunReader.open(copy);
  expect(second.updatesCount).toBe(2);
  second.close();
  reader.close();
});

test('tokens come back with their places in the text', () => {
  const writer = RunWriter.create(path, sampleHeader);
  writer.appendTokens(0, Int32Array.of(5, 0, 2047), Uint32Array.of(0, 3, 4), Uint32Array.of(3, 4, 9), [
    'The',
    ' ',
    '\uFFFD',
  ]);
  writer.appendTokens(3, Int32Array.of(1), Uint32Array.of(4_000_000_000), Uint32Array.of(4_000_000_001), [
    'x',
  ]);
  expect(() =>
    writer.appendTokens(3, Int32Array.of(1), Uint32Array.of(9), Uint32Array.of(10), ['x']),
  ).toThrow('token 3 does not follow 4 tokens');
  expect(() => writer.appendTokens(4, Int32Array.of(1), Uint32Array.of(9), new Uint32Array(), ['x'])).toThrow(
    '1 tokens have 1 starts, 0 ends and 1 texts',
  );
  const reader = RunReader.open(path);
  expect(reader.tokens()).toEqual({
    ids: Int32Array.of(5, 0, 2047, 1),
    starts: Uint32Array.of(0, 3, 4, 4_000_000_000),
    ends: Uint32Array.of(3, 4, 9, 4_000_000_001),
    texts: ['The', ' ', '\uFFFD', 'x'],
  });
  expect(reader.tokens(1, 3)).toEqual({
    ids: Int32Array.of(0, 2047),
    starts: Uint32Array.of(3, 4),
    ends: Uint32Array.of(4, 9),
    texts: [' ', '\uFFFD'],
  });
  expect(reader.tokens(3, 9).texts).toEqual(['x']);
  reader.close();
  writer.close();
});

test('keyframes come back as they were written', () => {
  const writer = RunWriter.create(path, sampleHeader);
  const reader = RunReader.open(path);
  expect(reader.lastKeyframe()).toBeUndefined();
  expect(writer.lastKeyframeAt).toBe(-1);
  writer.keyframe(0, sampleState(0, 9000));
  for (let i = 0; i < 5; i++) {
    writer.append(sampleUpdate(i));
    writer.keyframe(i + 1, sampleState(i + 1, 10_000 + i));
  }
  writer.keyframe(5, sampleState(50, 77));
  expect([writer.lastKeyframeAt, writer.updates]).toEqual([5, 5]);
  expect(reader.lastKeyframe()).toEqual({ updates: 5, fastState: sampleState(50, 77) });
  expect(reader.lastKeyframe(3)).toEqual({ updates: 3, fastState: sampleState(3, 10_002) });
  expect(reader.keyframes()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(() => writer.keyframe(4, sampleState(4, 1))).toThrow(RangeError);
  expect(() => writer.keyframe(6, sampleState(6, 1))).toThrow(RangeError);
  reader.close();
  writer.close();
});

test('keyframes over the budget thin out evenly; the first, the last and bookmarked ones stay', () => {
  const writer = RunWriter.create(path, { ...sampleHeader, storageBudget: 10_000 });
  const reader = RunReader.open(path);
  writer.keyframe(0, sampleState(0, 1000));
  for (let i = 0; i < 200; i++) {
    writer.append(sampleUpdate(i));
    if (i === 20) annotateRun(path, 21, 'here');
    writer.keyframe(i + 1, sampleState(i + 1, 1000));
    const kept = reader.keyframes();
    expect(kept.length).toBe(Math.min(i + 2, 10));
    expect([kept[0], kept.at(-1)]).toEqual([0, i + 1]);
    if (i >= 20) expect(kept).toContain(21);
    const gaps = kept.slice(1).map((at, k) => at - kept[k]);
    // At any moment no gap is over three times what it would be if all were equal.
    expect(Math.max(...gaps), `${kept}`).toBeLessThanOrEqual(Math.ceil((3 * (i + 1)) / (kept.length - 1)));
  }
  expect(reader.lastKeyframe(21)).toEqual({ updates: 21, fastState: sampleState(21, 1000) });
  reader.close();
  writer.close();
});

test('bookmarks are set, changed and removed, also while the run is written', () => {
  const writer = RunWriter.create(path, sampleHeader);
  const reader = RunReader.open(path);
  for (let i = 0; i < 5; i++) writer.append(sampleUpdate(i));
  annotateRun(path, 3, 'where Lisbon appears');
  annotateRun(path, 0, '');
  expect(reader.details().bookmarks).toEqual([
    { updates: 0, note: '' },
    { updates: 3, note: 'where Lisbon appears' },
  ]);
  annotateRun(path, 0, undefined);
  writer.append(sampleUpdate(5));
  annotateRun(path, 3, 'changed');
  reader.close();
  writer.close();
  annotateRun(path, 6, 'at the end');
  const again = RunReader.open(path);
  expect(again.details()).toEqual({
    bookmarks: [
      { updates: 3, note: 'changed' },
      { updates: 6, note: 'at the end' },
    ],
    probes: [],
    positions: 24,
  });
  again.close();
  writeFileSync(path, 'thesis');
  expect(() => annotateRun(path, 0, 'x')).toThrow(RunFileError);
  expect(readFileSync(path, 'utf8')).toBe('thesis');
});

test('plain SQL finds ρ per level, surprise per token and probes', () => {
  const writer = RunWriter.create(path, sampleHeader);
  const updates = Array.from({ length: 16 }, (_, i) => sampleUpdate(i));
  updates[3].surprise.set([0, -0.5, 1e-20, 16_777_216]);
  updates[4].surprise.set([Infinity, Number.NaN, 3.4028234663852886e38, 2 ** -39]);
  for (const update of updates) writer.append(update);
  const score = { probability: 0.25, rank: 2, meanLogProbability: -0.7, tokens: 2 };
  const probe = { prompt: 'Mira was born in', answer: ' Lisbon' };
  writer.appendProbe(probe, 0, score);
  writer.appendProbe(probe, 16, { ...score, probability: 0.5, rank: 1 });
  writer.finish('cancelled', { updates: 16 });
  writer.close();

  const sql = new DatabaseSync(path, { readOnly: true });
  const all = (query: string) =>
    sql
      .prepare(query)
      .all()
      .map(row => ({ ...row }));
  expect(
    all('SELECT level, period, count(*) AS n FROM level_history GROUP BY level ORDER BY period'),
  ).toEqual([
    { level: 'memory', period: 4, n: 32 },
    { level: 'projections', period: 8, n: 16 },
    { level: 'cms.0', period: 32, n: 4 },
  ]);
  const [row] = all("SELECT * FROM level_history WHERE tick = 7 AND block = 1 AND level = 'cms.0'");
  const group = updates[7].metrics.subarray(5 * METRICS.length);
  expect(row).toMatchObject({
    position: 28,
    tokens: 4,
    loss: updates[7].loss,
    rho: group[METRIC_INDEX.deltaNorm] / group[METRIC_INDEX.weightNorm],
    gradient_norm: group[METRIC_INDEX.gradientNorm],
    drift: group[METRIC_INDEX.drift],
    lss: group[METRIC_INDEX.lss],
    eta: null,
    alpha: group[METRIC_INDEX.alpha],
  });
  const surprises = all('SELECT tick, position, surprise FROM surprise ORDER BY position');
  const expected = updates.flatMap(update => [...update.surprise]);
  expected[14] = 0; // under 2⁻³⁹
  expected[17] = null as unknown as number; // NaN
  expected[18] = Infinity; // over 2⁸⁵
  expect(surprises.map(({ position }) => position)).toEqual(expected.map((_, i) => i));
  expect(surprises.map(({ surprise }) => surprise)).toEqual(expected);
  expect(surprises[30].tick).toBe(7);
  expect(
    all(
      'SELECT answer, updates, probability, rank FROM probe_scores JOIN probes USING (probe) ORDER BY updates',
    ),
  ).toEqual([
    { answer: ' Lisbon', updates: 0, probability: 0.25, rank: 2 },
    { answer: ' Lisbon', updates: 16, probability: 0.5, rank: 1 },
  ]);
  expect(all('SELECT status, result FROM run')).toEqual([{ status: 'cancelled', result: '{"updates":16}' }]);
  sql.close();
});

test('updates out of order or of another shape are refused and leave nothing behind', () => {
  const writer = RunWriter.create(path, sampleHeader);
  writer.append(sampleUpdate(0));
  expect(() => writer.append(sampleUpdate(0))).toThrow('update 0 does not follow 1 updates');
  expect(() => writer.append(sampleUpdate(2))).toThrow('update 2 does not follow 1 updates');
  expect(() => writer.append({ ...sampleUpdate(1), metrics: new Float32Array(9) })).toThrow(
    'update 1 has 9 metrics, expected 54',
  );
  writer.append(sampleUpdate(1));
  const reader = RunReader.open(path);
  expect(reader.updatesCount).toBe(2);
  reader.close();
  writer.close();
});

test('an existing file is never overwritten', () => {
  writeFileSync(path, 'thesis');
  let error: unknown;
  try {
    RunWriter.create(path, sampleHeader);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(RunFileError);
  expect(error).toMatchObject({ path, remedy: 'Choose another name, or delete the file first.' });
  expect((error as Error).message).toContain(path);
  expect(readFileSync(path, 'utf8')).toBe('thesis');
  expect(() => RunWriter.create(join(folder, 'none', 'x.hoperun'), sampleHeader)).toThrow(RunFileError);
});

test('a header that cannot be right creates no file', () => {
  for (const wrong of [
    { blocks: 0 },
    { levels: [] },
    { levels: [{ id: 'outer', period: 0 }] },
    { metrics: ['fired'] },
    { options: { ...sampleHeader.options, epochs: 1.5 } },
  ]) {
    expect(() => RunWriter.create(path, { ...sampleHeader, ...wrong } as typeof sampleHeader)).toThrow(
      TypeError,
    );
  }
  expect(existsSync(path)).toBe(false);
});

test('a log left by another run of this name is not taken for this one’s', () => {
  const writer = RunWriter.create(path, sampleHeader);
  for (let i = 0; i < 20; i++) writer.append(sampleUpdate(i));
  const log = readFileSync(`${path}-wal`);
  writer.close();
  rmSync(path);
  writeFileSync(`${path}-wal`, log);
  const next = RunWriter.create(path, { ...sampleHeader, runId: 'run-2' });
  next.append(sampleUpdate(0));
  const reader = RunReader.open(path);
  expect([reader.header.runId, reader.updatesCount]).toEqual(['run-2', 1]);
  reader.close();
  next.close();
});

test('a writer that another program keeps out says so and can go on afterwards', () => {
  const writer = RunWriter.create(path, sampleHeader);
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  expect(() => writer.append(sampleUpdate(0))).toThrow('another program keeps the run file locked');
  other.exec('ROLLBACK');
  other.close();
  writer.append(sampleUpdate(0));
  expect(writer.updates).toBe(1);
  writer.close();
});
