import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CellResult, Experiment } from '../../engine/experiment/experiment.ts';
import { EXPERIMENTS } from '../../engine/experiment/index.ts';
import { type Results, runExperiment } from '../../engine/experiment/runExperiment.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { runCli } from '../support/cli.ts';
import { twoTrainings } from '../support/twoTrainings.ts';

const [formal, ablation] = EXPERIMENTS;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-experiment-'));
  await openBackend('wasm');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const two = twoTrainings(formal);

/** Runs until as many progress lines were told. */
function run(
  experiment: Experiment,
  out: string,
  lines = Number.POSITIVE_INFINITY,
  steps = 6,
  onLine: (line: string) => void = () => {},
) {
  const controller = new AbortController();
  let told = 0;
  const settings = { seeds: 1, steps, ...(experiment.needsData && { data: join(folder, 'texts') }) };
  const threads = { count: 1, file: '' };
  return runExperiment(
    experiment,
    settings,
    join(folder, out),
    'made by hand',
    threads,
    controller.signal,
    ({ line }) => {
      onLine(line);
      if (++told === lines) controller.abort(130);
    },
  );
}

const withoutTime = ({ cells }: Results) =>
  Object.entries(cells).map(([id, { seconds: _, ...rest }]: [string, CellResult]) => [id, rest]);

test('what was interrupted goes on where it was, and the table is the same', async () => {
  const before = tf.memory().numTensors;
  const whole = await run(two, 'whole');
  expect(tf.memory().numTensors).toBe(before);
  const part = await run(two, 'parts', 3);
  expect(Object.keys(part.cells).length).toBe(0);
  const more = await run(two, 'parts', 5);
  expect(Object.keys(more.cells).length).toBe(1);
  const rest = await run(two, 'parts');
  expect(withoutTime(rest)).toEqual(withoutTime(whole));
  // Nothing of a training is kept once it has ended.
  expect(existsSync(join(folder, 'parts/.formal-languages/0-2-1'))).toBe(false);
  const markdown = readFileSync(join(folder, 'parts/formal-languages.md'), 'utf8');
  expect(markdown).toContain(
    '| language | system | lengths 2 to 40 | lengths 41 to 80 | parameters | time |',
  );
  expect(markdown).toMatch(/\| parity \| Transformer\+\+ \| \d+\.\d \| \d+\.\d \| 10496 \|/);
  expect(markdown).toContain('2 of 2 trainings of 6 steps, 1 seed each');
  expect(markdown).toContain('made by hand');
});

/** Runs in a process of its own and kills it at a step. */
async function killAt(out: string, steps: number, step: string): Promise<void> {
  const script = fileURLToPath(new URL('../support/runExperiment.ts', import.meta.url));
  const args = ['--experimental-transform-types', '--no-warnings', script, join(folder, out), String(steps)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  for await (const line of createInterface(child.stdout)) if (line.startsWith(step)) child.kill('SIGKILL');
  const [, signal] = await closed;
  expect(signal).toBe('SIGKILL');
}

test('what was killed goes on from its last checkpoint, and the table is the same', async () => {
  const whole = await run(two, 'never killed', undefined, 54);
  await killAt('killed', 54, '0 step 52 ');
  expect(existsSync(join(folder, 'killed/formal-languages.json'))).toBe(false);
  expect(existsSync(join(folder, 'killed/.formal-languages/0-2-1/training.safetensors'))).toBe(true);
  await killAt('killed', 54, '1 step 51 ');
  const lines: string[] = [];
  const rest = await run(two, 'killed', undefined, 54, line => lines.push(line));
  // The first training had ended, the second goes on after its fiftieth step.
  expect(lines[0]).toContain('step 51 of 54');
  expect(lines.length).toBe(4);
  expect(withoutTime(rest)).toEqual(withoutTime(whole));
  const rows = (out: string) => readFileSync(join(folder, out, 'formal-languages.md'), 'utf8').split('\n');
  const plain = (out: string) => rows(out).map(row => row.replace(/[\d.]+ min\w*/, ''));
  expect(plain('killed')).toEqual(plain('never killed'));
});

test('results with other settings, or something else, are not written over', async () => {
  await expect(run(two, 'whole', 1, 7)).rejects.toThrow('holds results with other settings');
  // Those of another backend are rounded otherwise.
  const elsewhere = await runCli([
    'experiment',
    two.name,
    '--out',
    join(folder, 'whole'),
    '--backend',
    'cpu',
  ]);
  expect([elsewhere.code, elsewhere.stderr]).toEqual([1, expect.stringContaining('with other settings')]);
  writeFileSync(join(folder, 'formal-languages.json'), '{"mine": true}');
  await expect(run(two, '.')).rejects.toThrow('holds no results of an experiment');
  expect(readFileSync(join(folder, 'formal-languages.json'), 'utf8')).toBe('{"mine": true}');
});

test('every row of the ablation is a model of its own that can be built', () => {
  const cells = ablation.cells({ seeds: 3, steps: 10, data: 'texts' });
  expect(cells.length).toBe(24);
  expect(new Set(cells.map(({ id }) => id)).size).toBe(24);
  expect(() => ablation.cells({ seeds: 1, steps: 1 })).toThrow('reads texts');
});

test('an unknown experiment and a wrong number are refused in one line', async () => {
  const unknown = await runCli(['experiment', 'mad', '--out', folder]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('formal-languages, ablation');
  const none = await runCli(['experiment', 'ablation', '--out', folder, '--steps', '0', '--data', folder]);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain('a whole number of at least 1');
  const texts = await runCli(['experiment', 'ablation', '--out', folder]);
  expect(texts.code).toBe(1);
  expect(texts.stderr).toContain('Name their folder with --data');
});
