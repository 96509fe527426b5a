import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFileError, RunReader, RunWriter } from '../../engine/run/index.ts';
import { sampleHeader, sampleState, sampleUpdate } from '../support/runSample.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoperun-worker-'));
  path = join(folder, 'run.hoperun');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A state as a safetensors file in memory that threads share. */
function sharedState(seed: number, bytes: number): Uint8Array {
  const state = sampleState(seed, bytes);
  const shared = new Uint8Array(new SharedArrayBuffer(state.length + 64), 0, state.length);
  shared.set(state);
  return shared;
}

test('updates are recorded while a worker writes keyframes, and both are in the file', () => {
  const writer = RunWriter.create(path, sampleHeader);
  writer.keyframe(0, sampleState(0, 1000));
  for (let i = 0; i < 40; i++) {
    writer.append(sampleUpdate(2 * i), sampleUpdate(2 * i + 1));
    if (i % 8 === 7) writer.giveKeyframe(writer.updates, sharedState(writer.updates, 3_000_000));
  }
  expect(writer.settle()).toBeGreaterThan(0);
  expect(writer.keyframeUnderWay).toBe(false);
  expect(writer.settle(), 'nothing is under way any more').toBe(0);
  writer.close();
  const reader = RunReader.open(path);
  expect([...reader.updates()]).toEqual(Array.from({ length: 80 }, (_, i) => sampleUpdate(i)));
  expect(reader.keyframes()).toEqual([0, 16, 32, 48, 64, 80]);
  for (const at of [16, 48, 80]) {
    expect(reader.lastKeyframe(at)).toEqual({ updates: at, fastState: sampleState(at, 3_000_000) });
  }
  reader.close();
});

test('the worker keeps to the budget, and closing waits for it', () => {
  const writer = RunWriter.create(path, { ...sampleHeader, storageBudget: 4_500_000 });
  for (let i = 0; i < 12; i++) {
    writer.append(sampleUpdate(i));
    writer.giveKeyframe(i + 1, sharedState(i + 1, 1_000_000));
  }
  writer.close();
  const reader = RunReader.open(path);
  const kept = reader.keyframes();
  expect(kept).toHaveLength(4);
  expect(kept[0]).toBe(1);
  expect(reader.lastKeyframe()).toEqual({ updates: 12, fastState: sampleState(12, 1_000_000) });
  reader.close();
});

test('keyframes are packed against the first where they take more than half of the budget', () => {
  const writer = RunWriter.create(path, { ...sampleHeader, storageBudget: 8_000_000 });
  writer.keyframe(0, sampleState(0, 1_000_000));
  for (let i = 1; i <= 6; i++) {
    writer.append(sampleUpdate(i - 1));
    writer.giveKeyframe(i, sharedState(i, 1_000_000));
  }
  writer.close();
  const database = new DatabaseSync(path, { readOnly: true });
  const kept = database.prepare('SELECT relative_to FROM keyframes ORDER BY updates').all();
  database.close();
  expect(kept.map(row => row.relative_to)).toEqual([null, null, null, null, 0, 0, 0]);
  const reader = RunReader.open(path);
  for (let at = 0; at <= 6; at++) {
    expect(reader.keyframe(at).fastState, `after ${at}`).toEqual(sampleState(at, 1_000_000));
  }
  reader.close();
});

test('what the worker cannot write is refused in words, and recording goes on when it can be', () => {
  const writer = RunWriter.create(path, sampleHeader);
  writer.append(sampleUpdate(0));
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  writer.giveKeyframe(1, sharedState(1, 1000));
  expect(() => writer.settle()).toThrow(RunFileError);
  expect(() => writer.append(sampleUpdate(1))).toThrow('another program keeps the run file locked');
  other.exec('ROLLBACK');
  other.close();
  expect(writer.lastKeyframeAt).toBe(-1);
  writer.append(sampleUpdate(1));
  writer.giveKeyframe(2, sharedState(2, 1000));
  writer.close();
  const reader = RunReader.open(path);
  expect(reader.updatesCount).toBe(2);
  expect(reader.lastKeyframe()).toEqual({ updates: 2, fastState: sampleState(2, 1000) });
  reader.close();
});
