import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { RunReader, RunWriter } from '../../engine/run/index.ts';
import { sampleHeader, sampleState, sampleUpdate } from '../support/runSample.ts';

const folder = mkdtempSync(join(tmpdir(), 'hoperun-older-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run of 8 updates as an earlier version wrote it, with a keyframe after every fourth. */
function older(version: number): { path: string; database: DatabaseSync } {
  const path = join(folder, `version-${version}-${Math.random()}.hoperun`);
  const writer = RunWriter.create(path, sampleHeader);
  for (let i = 0; i < 8; i++) writer.append(sampleUpdate(i));
  writer.finish('finished', {});
  writer.close();
  const database = new DatabaseSync(path);
  database.exec(`DROP TABLE keyframe_pieces; DROP TABLE keyframes; CREATE TABLE keyframes (
  updates INTEGER PRIMARY KEY,
  crc32 INTEGER NOT NULL,
  fast_state BLOB NOT NULL
) STRICT; PRAGMA user_version = ${version}`);
  for (const updates of [0, 4, 8]) {
    const state = sampleState(updates, 5000);
    database.prepare('INSERT INTO keyframes VALUES (?, ?, ?)').run(updates, crc32(state), state);
  }
  return { path, database };
}

test.each([2, 3])('a run of version %i is read, with its keyframes', version => {
  const { path, database } = older(version);
  database.close();
  const reader = RunReader.open(path);
  expect([...reader.updates()]).toEqual(Array.from({ length: 8 }, (_, i) => sampleUpdate(i)));
  expect(reader.keyframes()).toEqual([0, 4, 8]);
  expect(reader.lastKeyframe(7)).toEqual({ updates: 4, fastState: sampleState(4, 5000) });
  reader.close();
});

test('a damaged keyframe of version 3 is passed over for the one before', () => {
  const { path, database } = older(3);
  database.exec("UPDATE keyframes SET fast_state = x'00' WHERE updates = 8");
  database.close();
  const reader = RunReader.open(path);
  expect(reader.lastKeyframe()).toEqual({ updates: 4, fastState: sampleState(4, 5000) });
  expect(() => reader.keyframe(8)).toThrow('the keyframe after 8 updates does not match its checksum');
  reader.close();
});

test('tables of another version than the file names are refused', () => {
  const { path, database } = older(3);
  database.exec('PRAGMA user_version = 4');
  database.close();
  expect(() => RunReader.open(path)).toThrow('table keyframes is missing or not as version 4 has it');
});
