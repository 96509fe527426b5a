import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunFileError, RunReader, RunWriter } from '../../engine/run/index.ts';
import { sampleHeader, sampleState, sampleUpdate } from '../support/runSample.ts';

const UPDATES = 120;
/** Two pieces of numbers. */
const STATE_BYTES = 300_000;
let folder: string;
let good: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoperun-damage-'));
  good = join(folder, 'good.hoperun');
  // So small that the third keyframe is packed.
  const writer = RunWriter.create(good, { ...sampleHeader, storageBudget: 5 * STATE_BYTES });
  const ids = Int32Array.from({ length: UPDATES * 4 }, (_, i) => i % 97);
  writer.appendTokens(
    0,
    ids,
    Uint32Array.from(ids, (_, i) => i),
    Uint32Array.from(ids, (_, i) => i + 1),
    Array.from(ids, id => ` ${id}`),
  );
  for (let i = 0; i < UPDATES; i++) {
    if (i === 80) writer.giveKeyframe(i, sharedState(i));
    else if (i % 40 === 0) writer.keyframe(i, sampleState(i, STATE_BYTES));
    writer.append(sampleUpdate(i));
  }
  writer.finish('finished', {});
  writer.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A state in memory that the worker sees, which packs it. */
function sharedState(updates: number): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(STATE_BYTES));
  shared.set(sampleState(updates, STATE_BYTES));
  return shared;
}

let copies = 0;
function copyOfGood(): string {
  const path = join(folder, `copy${copies++}.hoperun`);
  copyFileSync(good, path);
  return path;
}

/** A copy of the good run that another program wrote SQL into. */
function altered(sql: string): string {
  const path = copyOfGood();
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(sql);
  database.close();
  return path;
}

function readAll(path: string) {
  const reader = RunReader.open(path);
  try {
    return {
      header: reader.header,
      status: reader.status,
      updates: [...reader.updates()],
      tokens: reader.tokens(),
      keyframes: reader.keyframes().map(at => crc32(reader.keyframe(at).fastState)),
    };
  } finally {
    reader.close();
  }
}

/** The refusal of an action; fails when it does not refuse, or not as a run file error that names the path. */
function refusal(path: string, action: () => unknown): RunFileError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(RunFileError);
    const refused = error as RunFileError;
    expect(refused.path).toBe(path);
    expect(refused.message.startsWith(`${path}: `)).toBe(true);
    expect(refused.remedy).toMatch(/^[A-Z].*\.$/);
    return refused;
  }
  return expect.fail(`${path} was accepted`);
}

test('files that are no run', () => {
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const cases: [path: string, message: RegExp][] = [
    [join(folder, 'missing.hoperun'), /cannot be read \(ENOENT/],
    [write('empty.hoperun', ''), /the file is empty/],
    [write('text.hoperun', 'Mira Halloway was born in Lisbon.'), /no SQLite database/],
    [write('short.hoperun', 'SQLite'), /no SQLite database/],
    [write('signature.hoperun', 'SQLite format 3\0'), /not a run file|not a run, or/],
    [
      write('zeros.hoperun', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8000)])),
      /not a run file/,
    ],
  ];
  for (const [path, message] of cases) {
    expect(refusal(path, () => RunReader.open(path)).message).toMatch(message);
  }
  const directory = join(folder, 'folder.hoperun');
  mkdirSync(directory);
  refusal(directory, () => RunReader.open(directory));
  const other = join(folder, 'other.hoperun');
  const database = new DatabaseSync(other);
  database.exec('CREATE TABLE run (x)');
  database.close();
  expect(refusal(other, () => RunReader.open(other)).message).toContain('is not a run');
});

test('another version says which, and what to do', () => {
  const newer = altered('PRAGMA user_version = 5');
  const refused = refusal(newer, () => RunReader.open(newer));
  expect(refused.message).toContain('version 5, this Hopescope reads versions 2 to 4');
  expect(refused.remedy).toContain('Update Hopescope');
  const older = altered('PRAGMA user_version = 1');
  expect(refusal(older, () => RunReader.open(older)).remedy).toContain('that recorded it');
});

test('tables that are not as the version has them', () => {
  for (const sql of [
    'DROP TABLE tokens',
    'ALTER TABLE updates ADD COLUMN extra TEXT',
    `DROP TABLE tokens; CREATE VIEW tokens AS
     WITH RECURSIVE n(token) AS (SELECT 0 UNION ALL SELECT token + 1 FROM n) SELECT token FROM n`,
  ]) {
    const path = altered(sql);
    expect(refusal(path, () => RunReader.open(path)).message, sql).toContain(
      'is missing or not as version 4',
    );
  }
  // What a researcher adds for herself does no harm.
  const extended = altered('CREATE VIEW mine AS SELECT 1; CREATE INDEX by_loss ON updates (loss)');
  expect(readAll(extended).updates.length).toBe(UPDATES);
});

test('headers that cannot be right', () => {
  for (const sql of [
    'DELETE FROM run',
    'UPDATE run SET blocks = 4000000000',
    'UPDATE run SET blocks = 1 << 60',
    "UPDATE run SET options = '{'",
    "UPDATE run SET options = 'null'",
    `UPDATE run SET metrics = '["fired"]'`,
    'DELETE FROM levels WHERE level = 1',
    "UPDATE levels SET name = 'outer' WHERE level = 1",
    'UPDATE levels SET period = 0',
  ]) {
    const path = altered(sql);
    expect(refusal(path, () => RunReader.open(path)).message, sql).toContain('damaged');
  }
  const path = altered("UPDATE run SET status = 'asleep'");
  expect(refusal(path, () => readAll(path)).message).toContain('"asleep"');
});

test('content that contradicts itself', () => {
  const KEYFRAME = 'the keyframe after 80 updates does not match its checksums';
  for (const [sql, message] of [
    ['DELETE FROM updates WHERE tick = 50', 'update 50 is missing'],
    ['DELETE FROM updates WHERE tick = 0', 'update 0 is missing'],
    ['UPDATE updates SET position = 9 WHERE tick = 3', 'update 3 does not match its checksum'],
    ['UPDATE updates SET loss = 9 WHERE tick = 3', 'update 3 does not match its checksum'],
    ["UPDATE updates SET metrics = x'00' WHERE tick = 3", 'update 3 does not match its checksum'],
    ['UPDATE updates SET tokens = 5 WHERE tick = 3', 'update 3 does not match its checksum'],
    ['UPDATE updates SET tick = 1 << 60 WHERE tick = 3', 'the run file is damaged'],
    ['DELETE FROM tokens WHERE token = 7', 'token 7 is missing'],
    ['UPDATE tokens SET id = -1 WHERE token = 8', 'token 8 is missing or makes no sense'],
    ['UPDATE tokens SET id = 1 << 60 WHERE token = 8', 'damaged'],
    ['UPDATE tokens SET end_utf16 = 0 WHERE token = 8', 'token 8 is missing or makes no sense'],
    ['UPDATE tokens SET token = -1 WHERE token = 8', 'token 8 is missing'],
    ["UPDATE keyframe_pieces SET packed = x'00' WHERE updates = 80", KEYFRAME],
    ['UPDATE keyframe_pieces SET piece = 7 WHERE updates = 80 AND piece = 1', KEYFRAME],
    ['DELETE FROM keyframe_pieces WHERE updates = 80 AND piece = 2', KEYFRAME],
    ['UPDATE keyframes SET bytes = bytes + 1 WHERE updates = 80', KEYFRAME],
    ['UPDATE keyframes SET bytes = 1 << 50, numbers_begin = 1 << 50 WHERE updates = 80', KEYFRAME],
    ['UPDATE keyframes SET numbers_begin = -4 WHERE updates = 80', KEYFRAME],
    ['UPDATE keyframes SET relative_to = 80 WHERE updates = 80', KEYFRAME],
    ['UPDATE keyframes SET relative_to = NULL WHERE updates = 80', KEYFRAME],
  ]) {
    const path = altered(sql);
    expect(refusal(path, () => readAll(path)).message, sql).toContain(message);
  }
});

test('an update before the damaged one, and the keyframe before a damaged one, can still be read', () => {
  const path = altered(
    "UPDATE updates SET metrics = x'00' WHERE tick = 100; UPDATE keyframe_pieces SET crc32 = 0 WHERE updates = 80 AND piece = 2",
  );
  const reader = RunReader.open(path);
  expect(reader.update(99)).toEqual(sampleUpdate(99));
  expect(reader.update(101)).toEqual(sampleUpdate(101));
  expect(refusal(path, () => reader.update(100)).message).toContain('update 100');
  expect(reader.lastKeyframe()).toEqual({ updates: 40, fastState: sampleState(40, STATE_BYTES) });
  reader.close();
});

test('a packed keyframe needs the one that it is packed against, and no other', () => {
  const alone = RunReader.open(altered('DELETE FROM keyframe_pieces WHERE updates = 40'));
  expect(alone.lastKeyframe()).toEqual({ updates: 80, fastState: sampleState(80, STATE_BYTES) });
  alone.close();
  const shorter = RunReader.open(altered('UPDATE keyframes SET bytes = bytes + 1 WHERE updates = 80'));
  expect(shorter.lastKeyframe()).toEqual({ updates: 40, fastState: sampleState(40, STATE_BYTES) });
  shorter.close();
  const path = altered("UPDATE keyframe_pieces SET packed = x'00' WHERE updates = 0");
  const reader = RunReader.open(path);
  expect(reader.lastKeyframe()).toEqual({ updates: 40, fastState: sampleState(40, STATE_BYTES) });
  reader.close();
  const chain = altered(
    'UPDATE keyframes SET relative_to = 40 WHERE updates = 80; UPDATE keyframes SET relative_to = 0 WHERE updates = 40',
  );
  const chained = RunReader.open(chain);
  expect(refusal(chain, () => chained.keyframe(80)).message).toContain('the keyframe after 40 updates');
  chained.close();
});

test('a keyframe that claims more than its pieces can hold takes no memory for it', () => {
  // 17 GB in pieces of one byte, each with its checksum.
  const path = altered(`UPDATE keyframes SET bytes = 4 * 65536 * 65538 WHERE updates = 80;
    WITH RECURSIVE place(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM place WHERE i < 65538)
    INSERT INTO keyframe_pieces SELECT 80, i, x'00', ${crc32(new Uint8Array(1))} FROM place`);
  const reader = RunReader.open(path);
  const before = process.memoryUsage().arrayBuffers;
  const { message } = refusal(path, () => reader.keyframe(80));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e8);
  expect(message).toContain('the keyframe after 80 updates does not match its checksums');
  reader.close();
});

test('a file cut off anywhere is refused', () => {
  const { length } = readFileSync(good);
  for (const share of [0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999]) {
    const path = copyOfGood();
    truncateSync(path, Math.floor(length * share));
    const { message } = refusal(path, () => RunReader.open(path));
    expect(message, `${share}`).toMatch(/damaged|not a run|is not a run file/);
  }
});

test('flipped bits are noticed or were in bytes that nobody reads', { timeout: 60_000 }, () => {
  const bytes = readFileSync(good);
  const expected = readAll(good);
  let noticed = 0;
  let seed = 12345;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  // Where pages are not full there is nothing but zeros.
  const filled = Array.from(bytes.keys()).filter(at => bytes[at] !== 0);
  const path = join(folder, 'flipped.hoperun');
  for (let round = 0; round < 300; round++) {
    // Every third in the first page, where the tables' definitions are.
    const at = round % 3 ? filled[Math.floor(random() * filled.length)] : Math.floor(random() * 32_768);
    const flipped = Buffer.from(bytes);
    flipped[at] ^= 1 << Math.floor(random() * 8);
    writeFileSync(path, flipped);
    let found: ReturnType<typeof readAll>;
    try {
      found = readAll(path);
    } catch (error) {
      if (!(error instanceof RunFileError)) throw new Error(`bit at ${at}`, { cause: error });
      noticed += 1;
      continue;
    }
    expect(
      found.updates.map(update => update.index),
      `bit at ${at}`,
    ).toEqual(expected.updates.map(u => u.index));
    expect(found.updates, `bit at ${at}`).toEqual(expected.updates);
    expect(found.keyframes, `bit at ${at}`).toEqual(expected.keyframes);
  }
  expect(noticed).toBeGreaterThan(40);
});

test('a damaged log costs at most what was not yet in the file', () => {
  const path = join(folder, 'log.hoperun');
  const writer = RunWriter.create(path, sampleHeader);
  for (let i = 0; i < 30; i++) writer.append(sampleUpdate(i));
  const copy = join(folder, 'log-copy.hoperun');
  copyFileSync(path, copy);
  const log = readFileSync(`${path}-wal`);
  writer.close();
  log[Math.floor(log.length / 2)] ^= 1;
  writeFileSync(`${copy}-wal`, log);
  const { updates } = readAll(copy);
  expect(updates.length).toBeGreaterThan(5);
  expect(updates.length).toBeLessThan(30);
  expect(updates).toEqual(updates.map((_, i) => sampleUpdate(i)));
});
