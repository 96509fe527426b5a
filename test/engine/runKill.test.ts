import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { RunFileError, RunReader, STRETCH } from '../../engine/run/index.ts';
import { bundleScript } from '../support/bundle.ts';
import { sampleHeader, sampleState, sampleUpdate } from '../support/runSample.ts';

const STATE_BYTES = 300_000;

/** The recorder, where it is bundled. */
let script: string;
let scripts: string;
beforeAll(async () => {
  scripts = mkdtempSync(join(tmpdir(), 'hoperun-recorder-'));
  script = await bundleScript('appendRun.ts', scripts);
});
afterAll(() => rmSync(scripts, { recursive: true }));

let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hoperun-kill-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Lets a child record, kills it `delay` ms after a line for which `from` is true; returns its last line. */
function recordAndKill(path: string, from: (line: string) => boolean, delay: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const recorder = spawn(process.execPath, [script, path, String(STATE_BYTES)], { stdio: 'pipe' });
    children.add(recorder);
    let out = '';
    let errors = '';
    let armed = false;
    recorder.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (armed || !out.split('\n').slice(0, -1).some(from)) return;
      armed = true;
      setTimeout(() => recorder.kill('SIGKILL'), delay);
    });
    recorder.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    recorder.on('error', reject);
    recorder.on('close', (code, signal) => {
      children.delete(recorder);
      if (signal !== 'SIGKILL') reject(new Error(`the recorder ended by itself (${code}): ${errors}`));
      // The part after the last line end is a line that was cut off, so not an acknowledgement.
      else resolve(out.split('\n').at(-2) ?? '');
    });
  });
}

function expectSame(reader: RunReader, count: number, where: string): void {
  let index = 0;
  for (const update of reader.updates()) {
    const expected = sampleUpdate(index);
    if (update.position !== expected.position || update.loss !== expected.loss) {
      expect(update, where).toEqual(expected);
    }
    expect(Buffer.from(update.metrics.buffer).equals(Buffer.from(expected.metrics.buffer)), where).toBe(true);
    expect(Buffer.from(update.surprise.buffer).equals(Buffer.from(expected.surprise.buffer)), where).toBe(
      true,
    );
    index += 1;
  }
  expect(index, where).toBe(count);
}

/** Kills a recorder and checks what it left. @returns the updates recorded */
async function killOnce(round: number, longest: number): Promise<number> {
  const delay = Math.random() * longest;
  const path = join(folder, `${round}.hoperun`);
  const acknowledged = Number(await recordAndKill(path, line => line === '1', delay));
  const where = `round ${round}, killed after ${delay} ms and ${acknowledged} updates`;
  const reader = RunReader.open(path);
  const count = reader.updatesCount;
  expect(reader.header, where).toEqual(sampleHeader);
  expect(reader.status, where).toBe('running');
  expect(count, where).toBeGreaterThanOrEqual(acknowledged);
  expect(count, where).toBeLessThanOrEqual(acknowledged + 1);
  expectSame(reader, count, where);

  const tokens = reader.tokens().ids.length;
  expect(tokens === count * 4 || tokens === count * 4 + 4, `${where}, ${tokens} tokens`).toBe(true);
  // The recorder writes a keyframe every 50 updates; only that of the last update may still be missing.
  const keyframe = reader.lastKeyframe();
  const due = Math.floor(count / 50) * 50;
  expect(keyframe?.updates, where).toBeOneOf(count === due && count > 0 ? [due, due - 50] : [due]);
  const state = sampleState(keyframe?.updates ?? -1, STATE_BYTES);
  expect(Buffer.compare(keyframe?.fastState ?? new Uint8Array(), state), where).toBe(0);
  const stretches = reader.stretches(0, Math.floor(count / STRETCH));
  expect(stretches.every(Boolean), `${where}, stretches`).toBe(true);
  reader.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  return count;
}

test('a recorder killed at 200 moments lost no update that it acknowledged', {
  timeout: 300_000,
}, async () => {
  const counts = new Set<number>();
  let round = 0;
  // Most soon after the start, where the file is small; several at a time, as starting one is what takes long.
  const kill = async () => {
    while (round < 200) counts.add(await killOnce(round++, round % 16 ? 50 : 400));
  };
  await Promise.all([kill(), kill(), kill()]);
  expect(counts.size, `kills hit only the counts ${[...counts]}`).toBeGreaterThan(20);
});

test('a recorder killed while it creates the file leaves a run or a clear refusal', async () => {
  for (let round = 0; round < 10; round++) {
    const path = join(folder, `${round}.hoperun`);
    await recordAndKill(path, line => line === 'start', round * 3);
    let reader: RunReader;
    try {
      reader = RunReader.open(path);
    } catch (error) {
      expect(error).toBeInstanceOf(RunFileError);
      expect((error as Error).message).toMatch(/stopped before it began|no such file|cannot be opened/);
      continue;
    }
    expectSame(reader, reader.updatesCount, `killed ${round * 3} ms after the start`);
    reader.close();
  }
});

test('a reader in this process sees whole updates only while another process writes', async () => {
  const path = join(folder, 'live.hoperun');
  let reader: RunReader | undefined;
  let seen = 0;
  let looks = 0;
  const timer = setInterval(() => {
    if (!reader) return;
    const now = reader.updatesCount;
    for (const update of reader.updates(seen, now)) {
      expect(update).toEqual(sampleUpdate(seen));
      seen += 1;
    }
    looks += 1;
  }, 20);
  const acknowledged = await recordAndKill(
    path,
    line => {
      if (line === '10') reader ??= RunReader.open(path);
      return line === '10';
    },
    800,
  ).finally(() => clearInterval(timer));
  expect(looks).toBeGreaterThan(2);
  expect(seen).toBeGreaterThanOrEqual(10);
  const count = reader?.updatesCount ?? 0;
  expect(count === Number(acknowledged) || count === Number(acknowledged) + 1).toBe(true);
  reader?.close();
});

test.skipIf(process.platform === 'win32')(
  'a full disk stops recording with a clear error and keeps the rest',
  async () => {
    const path = join(folder, 'full.hoperun');
    // `ulimit -f` makes every file end at 4 MB; Node turns the signal into a failed write, as on a full disk.
    const command = `ulimit -f 8192; exec "$0" "$1" "$2" 100000`;
    const recorder = spawn('sh', ['-c', command, process.execPath, script, path], { stdio: 'pipe' });
    children.add(recorder);
    let out = '';
    let errors = '';
    recorder.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    recorder.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const code = await new Promise(resolve => recorder.on('close', resolve));
    expect([code, errors]).toEqual([3, expect.stringContaining('the disk refused')]);
    expect(errors).toContain(path);
    const acknowledged = Number(out.split('\n').at(-2));
    expect(acknowledged).toBeGreaterThan(10);
    const reader = RunReader.open(path);
    expect(reader.updatesCount).toBe(acknowledged);
    expectSame(reader, acknowledged, 'full disk');
    reader.close();
  },
);
