import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrainResult } from '../../engine/protocol/index.ts';
import { type Running, startCli } from '../support/cli.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';

// Windows has no signals that a process could answer.
const testSignals = test.skipIf(process.platform === 'win32');

let folder: string;
let model: string;
let text: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-interrupt-'));
  model = join(folder, 'model');
  text = join(folder, 'long.txt');
  writeFileSync(text, TINY_TEXT.repeat(20));
  await makeTinyModel(model);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const training = (...more: string[]) => [
  ...['train', '--model', model, '--text', text, '--epochs', '1000', '--json'],
  ...more,
];

/** Checks a training that was interrupted in its middle; `earlier` is what --out held before. */
async function expectInterrupted({ ended }: Running, out: string, earlier: string): Promise<void> {
  const { code, signal, stdout, stderr } = await ended;
  expect({ code, signal }, stderr).toEqual({ code: 130, signal: null });
  const result = JSON.parse(stdout) as TrainResult & { out: string | null };
  expect(result).toMatchObject({ status: 'cancelled', out: null });
  expect(result.positions).toBe(4 * result.updates);
  const [, updates, positions, total] =
    /hopescope: interrupted after (\d+) updates, (\d+) of (\d+) tokens; \S+ was not written\n$/.exec(
      stderr,
    ) ?? [];
  expect([Number(updates), Number(positions)]).toEqual([result.updates, result.positions]);
  expect(Number(total)).toBeGreaterThan(result.positions);
  expect(readFileSync(out, 'utf8')).toBe(earlier);
  expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([]);
}

testSignals.each(['the command', 'the launcher only', 'the whole group'])(
  'SIGINT to %s ends a training with 130, in words and without --out',
  async whom => {
    const out = join(folder, 'out.state');
    writeFileSync(out, '');
    const running = startCli(training('--out', out), { launcher: whom !== 'the command' });
    await running.said(/\d+ of \d+ tokens/);
    process.kill(whom === 'the whole group' ? -running.child.pid! : running.child.pid!, 'SIGINT');
    await expectInterrupted(running, out, '');
  },
);

testSignals('SIGTERM ends a training in the same order with 143', async () => {
  const running = startCli(training());
  await running.said(/\d+ of \d+ tokens/);
  running.child.kill('SIGTERM');
  const { code, stdout, stderr } = await running.ended;
  expect(code).toBe(143);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled' });
  expect(stderr).toMatch(/interrupted after \d+ updates/);
});

testSignals('SIGINT ends a command that waits for its input with 130', async () => {
  const running = startCli(['train', '--model', model, '--text', '-'], { waiting: true });
  // More than a pipe holds: when all of it has gone, the command reads.
  await new Promise(resolve => running.child.stdin!.write('a '.repeat(500_000), resolve));
  running.child.kill('SIGINT');
  expect(await running.ended).toEqual({
    code: 130,
    signal: null,
    stdout: '',
    stderr: 'hopescope: interrupted\n',
  });
});

test('a reader that goes away is no error', async () => {
  for (const args of [['inspect', '--model', model, '--json'], ['--help']]) {
    const { child, ended } = startCli(args);
    child.stdout!.destroy();
    expect(await ended, args[0]).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  }
});

test.skipIf(process.platform !== 'linux')('a disk that is full is one, in one line', async () => {
  const full = openSync('/dev/full', 'w');
  const { code, stderr } = await startCli(['inspect', '--model', model], { stdout: full }).ended;
  expect([code, stderr]).toEqual([
    1,
    'hopescope: standard output cannot be written: no space left on the disk\n',
  ]);
});
