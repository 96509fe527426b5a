import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RunReader, RunWriter } from '../../engine/run/index.ts';
import { sampleHeader, sampleState, sampleUpdate } from '../support/runSample.ts';

const MEGABYTES = 2 ** 20;
const STATE = sampleState(1, 4 * MEGABYTES);
/** Memory that the worker sees. */
const SHARED = new Uint8Array(new SharedArrayBuffer(STATE.length));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoperun-log-'));
  path = join(folder, 'run.hoperun');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Updates in the file alone, without the log beside it. */
function copied(): number {
  const copy = join(folder, 'copy.hoperun');
  copyFileSync(path, copy);
  const reader = RunReader.open(copy);
  try {
    return reader.updatesCount;
  } finally {
    reader.close();
  }
}

test('a worker copies the log into the file while the run is written, and the log is begun anew', async () => {
  // Room for three states, so that the file stays small.
  const writer = RunWriter.create(path, { ...sampleHeader, storageBudget: 3 * STATE.length });
  const write = () => {
    writer.append(sampleUpdate(writer.updates));
    writer.settle();
    SHARED.set(sampleState(writer.updates, STATE.length));
    writer.giveKeyframe(writer.updates, SHARED);
  };
  for (let i = 0; i < 3; i++) write();
  writer.settle();
  expect(copied()).toBe(0);
  for (let round = 0; round < 5; round++) {
    const before = writer.updates;
    for (let i = 0; i < 8; i++) write();
    await vi.waitFor(() => expect(copied()).toBeGreaterThan(before), { timeout: 20_000, interval: 50 });
  }
  // It is begun anew after 32 MB; copies are asked for after 16 MB each, and a moment may have to be waited for.
  expect(statSync(`${path}-wal`).size).toBeLessThan(96 * MEGABYTES);
  writer.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  const reader = RunReader.open(path);
  expect([...reader.updates()]).toEqual(Array.from({ length: 43 }, (_, i) => sampleUpdate(i)));
  expect(reader.lastKeyframe()).toEqual({ updates: 43, fastState: sampleState(43, STATE.length) });
  reader.close();
});

test('closing waits for what is under way', () => {
  const writer = RunWriter.create(path, sampleHeader);
  for (let i = 0; i < 6; i++) {
    writer.append(sampleUpdate(i));
    writer.keyframe(i + 1, STATE);
  }
  writer.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  const reader = RunReader.open(path);
  expect(reader.updatesCount).toBe(6);
  reader.close();
});
