import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelInfo, RunInfo, TensorInfo } from '../../engine/protocol/index.ts';
import manifest from '../../package.json' with { type: 'json' };
import { runCli, runJson } from '../support/cli.ts';
import { makeTinyModel, TINY_CONFIG, TINY_TEXT } from '../support/tinyModel.ts';

interface Inspected extends Omit<ModelInfo, 'name' | 'levels'> {
  readonly model: string;
  readonly backend: string;
  readonly levels: readonly { id: string; period: number; parameters: number; norm: number; delta: number }[];
  readonly tensors: readonly TensorInfo[];
}

let folder: string;
let model: string;
let state: string;
let text: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-commands-'));
  model = join(folder, 'model');
  state = join(folder, 'text.state');
  text = join(folder, 'text.txt');
  writeFileSync(text, TINY_TEXT);
  await makeTinyModel(model);
  await runJson(['train', '--model', model, '--text', text, '--epochs', '1', '--out', state]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('inspect lists every tensor; those of a level are its parameters', async () => {
  const found = await runJson<Inspected>(['inspect', '--model', model]);
  const { name, blocks, width, heads, vocabulary } = TINY_CONFIG;
  expect(found).toMatchObject({ model: name, path: model, tick: 4, updates: 0, backend: 'wasm' });
  expect(found).toMatchObject({ blocks, width, heads, vocabulary });
  const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);
  expect(found.levels.map(level => [level.id, level.period])).toEqual([
    ['memory', 4],
    ['projections', 8],
    ['cms.0', 16],
    ['cms.1', 32],
    ['cms.2', 64],
    ['outer', 0],
  ]);
  for (const { id, parameters, delta } of found.levels) {
    const own = found.tensors.filter(tensor => tensor.level === id);
    expect(own.length, id).toBeGreaterThan(0);
    expect(own.reduce((sum, { shape }) => sum + size(shape), 0)).toBe(parameters);
    expect(delta, id).toBe(0);
  }
  expect(found.levels.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(found.parameters);
  expect(found.tensors.every(({ norm, delta }) => Number.isFinite(norm) && delta === 0)).toBe(true);
});

test('inspect --state shows what a training changed', async () => {
  const { updates, levels, tensors } = await runJson<Inspected>([
    ...['inspect', '--model', model],
    ...['--state', state],
  ]);
  expect(updates).toBeGreaterThan(0);
  for (const { id, delta } of levels) expect(delta > 0, id).toBe(id !== 'outer');
  for (const { name, level, delta } of tensors)
    if (level === 'memory') expect(delta, name).toBeGreaterThan(0);
  const { stdout } = await runCli(['inspect', '--model', model, '--state', state]);
  for (const { name } of tensors) expect(stdout).toContain(`\n${name} `);
});

test('evaluate gives the mean loss, and writes nothing that a second time would show', async () => {
  type Evaluated = { model: string; loss: number; tokens: number };
  const args = ['evaluate', '--model', model, '--text', text];
  const base = await runJson<Evaluated>(args);
  expect(base).toMatchObject({ model: 'tiny', tokens: 271 });
  // Fresh weights know nothing: about the logarithm of 300 tokens.
  expect(base.loss).toBeGreaterThan(4.5);
  expect(base.loss).toBeLessThan(7);
  expect(await runJson(args)).toEqual(base);
  const trained = await runJson<Evaluated>([...args, '--state', state]);
  expect(trained.tokens).toBe(base.tokens);
  expect(trained.loss).toBeLessThan(base.loss);
});

test('runs describes recorded runs without their model, and refuses what is none by its name', async () => {
  const run = join(folder, 'text.hoperun');
  const trained = ['train', '--model', model, '--text', text, '--epochs', '2', '--run', run];
  await runJson([...trained, '--probe', 'Mira was born in => Lisbon']);
  const { runs } = await runJson<{ runs: RunInfo[] }>(['runs', run]);
  expect(runs.length).toBe(1);
  expect(runs[0]).toMatchObject({
    path: run,
    modelName: 'tiny',
    status: 'finished',
    updates: 136,
    tokens: 271,
  });
  expect(runs[0].probes[0].scores.map(({ updates }) => updates)).toEqual([0, 136]);
  const { code, stdout, stderr } = await runCli(['runs', text, run]);
  expect(stdout).toMatch(/^run +title .+\n.+text\.hoperun .+ finished +136 +542 /);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^hopescope: .+text\.txt: this is not a run file .+\n$/);
});

test.skipIf(process.platform === 'win32')(
  'a training whose run file fills the disk stops with a clear error, and the file opens with what it has',
  async () => {
    const run = join(folder, 'full.hoperun');
    const args = ['train', '--model', model, '--text', text, '--epochs', '1000', '--run', run];
    // `ulimit -f` ends every file at 4 MB; Node turns the signal into a failed write, as on a full disk.
    const { code, stderr } = await runCli(args, { prefix: ['sh', '-c', 'ulimit -f 8192; exec "$0" "$@"'] });
    expect([code, stderr]).toEqual([1, expect.stringContaining('the disk refused')]);
    const { runs } = await runJson<{ runs: RunInfo[] }>(['runs', run]);
    expect(runs[0].updates).toBeGreaterThan(10);
    expect(runs[0].keyframes[0]).toBe(0);
  },
);

test('help explains every command with examples', async () => {
  const { code, stdout } = await runCli(['--help']);
  expect([code, stdout]).toEqual([0, (await runCli([])).stdout]);
  const commands = [...stdout.matchAll(/^ {2}([\w-]+) (?:\[options\]|<)/gm)].map(([, name]) => name);
  expect(commands).toEqual([
    'train',
    'probe',
    'evaluate',
    'inspect',
    'compare',
    'convert',
    'logits',
    'add-levels',
    'runs',
    'report',
    'snapshots',
    'pretrain',
    'experiment',
    'backends',
  ]);
  for (const command of commands) {
    const help = await runCli([command, '--help']);
    expect([help.code, help.stderr], command).toEqual([0, '']);
    expect(help.stdout).toMatch(/^Usage: hopescope /);
    expect(help.stdout).toMatch(new RegExp(`\\nExamples:\\n {2}hopescope ${command}( .+)?\\n`));
    expect(help.stdout, command).toContain('--json');
  }
});

test('as many passes as in the editor are the default, and the version is that of the extension', async () => {
  const settings = manifest.contributes.configuration.map(({ properties }) => properties);
  const epochs = Object.assign({}, ...settings)['hopescope.train.epochs'].default;
  expect((await runCli(['train', '--help'])).stdout).toMatch(
    new RegExp(`--epochs .+\\(default:\\s+${epochs}\\)`, 's'),
  );
  expect((await runCli(['--version'])).stdout).toBe(`${manifest.version}\n`);
});
