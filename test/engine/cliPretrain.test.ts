import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensorsHeader } from '../../engine/checkpoint/safetensors.ts';
import { Random } from '../../engine/tensor/random.ts';
import type { PretrainResult } from '../../engine/train/pretraining.ts';
import { type Running, runCli, runJson, startCli } from '../support/cli.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { makeTinyModel, TINY_CONFIG, TINY_TEXT } from '../support/tinyModel.ts';

const testSignals = test.skipIf(process.platform === 'win32');
const STEPS = 40;
const INTERVAL = 3;
const TRAINING = {
  batch: 2,
  tokens: 16,
  steps: STEPS,
  rate: 0.01,
  warmup_steps: 4,
  weight_decay: 0.1,
  clip: 1,
  // Every row starts from fresh memories at every step, so that a resumed training has lost nothing at all.
  reset_probability: 1,
  validation_fraction: 0.2,
  validation_interval: 20,
  checkpoint_interval: INTERVAL,
  seed: 5,
};

let folder: string;
const at = (name: string) => join(folder, name);

function writeConfig(name: string, training: Partial<typeof TRAINING & { optimizer: string }> = {}): void {
  writeFileSync(at(name), JSON.stringify({ model: TINY_CONFIG, training: { ...TRAINING, ...training } }));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-pretrain-'));
  mkdirSync(at('texts'));
  writeFileSync(at('texts/people.txt'), TINY_TEXT.repeat(4));
  writeFileSync(at('texts/more.jsonl'), `${JSON.stringify({ text: TINY_TEXT })}\n`);
  mkdirSync(at('words'));
  writeFileSync(at('words/few.txt'), 'three words only');
  writeConfig('config.json');
  writeConfig('other.json', { seed: 6 });
  writeConfig('long.json', { steps: 100_000 });
  writeConfig('wrong.json', { batch: 0 });
  writeConfig('muon.json', { steps: 8, optimizer: 'muon' });
  writeConfig('unknown.json', { optimizer: 'lion' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (out: string, config = 'config.json', workers = 1) => [
  ...['pretrain', '--config', at(config), '--data', at('texts')],
  ...['--out', at(out), '--workers', String(workers)],
];

/** Words of random letters, so that there are many pairs to merge. */
function manyWords(count: number): string {
  const random = new Random(1);
  const letter = () => 'abcdefghijklmnopqrstuvwxyz'[Math.floor(random.uniform() * 26)];
  return Array.from({ length: count }, () => Array.from({ length: 6 }, letter).join('')).join(' ');
}

/** Kills a pretraining once its first checkpoint is there, and returns the step of the last one. */
async function killAfterCheckpoint({ child, ended }: Running, out: string): Promise<number> {
  const path = join(at(out), 'pretraining.safetensors');
  const timer = setInterval(() => existsSync(path) && child.kill('SIGKILL'), 5);
  const { signal, stderr } = await ended.finally(() => clearInterval(timer));
  expect(signal, stderr).toBe('SIGKILL');
  return Number((await readSafetensorsHeader(path)).metadata.step);
}

testSignals(
  'a training that is killed goes on from its last checkpoint to the very same weights',
  async () => {
    const whole = await runJson<PretrainResult>(command('whole'));
    expect(whole).toMatchObject({ steps: STEPS, tokens: STEPS * 32, status: 'finished', out: at('whole') });
    expect(whole.loss).toBeGreaterThan(0);
    expect(whole.validationLoss).toBeGreaterThan(0);
    expect(whole.validationLoss).toBeLessThan(Math.log(300));

    const step = await killAfterCheckpoint(startCli(command('killed')), 'killed');
    expect(step % INTERVAL).toBe(0);
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(STEPS);
    const resumed = startCli([...command('killed'), '--json']);
    const { code, stdout, stderr } = await resumed.ended;
    expect([code, /^step (\d+) of 40/m.exec(stderr)?.[1]]).toEqual([0, String(step + 1)]);
    const { seconds: _now, out: _there, ...again } = JSON.parse(stdout);
    const { seconds: _then, out: _here, ...once } = whole as PretrainResult & { out: string };
    expect(again).toEqual(once);
    for (const name of ['model.safetensors', 'tokenizer.json', 'config.json']) {
      expect(readFileSync(at(`killed/${name}`)).equals(readFileSync(at(`whole/${name}`))), name).toBe(true);
    }
    // A model folder like any other.
    const scored = await runJson<{ probes: unknown[] }>(['probe', 'Mira => Lisbon', '--model', at('killed')]);
    expect(scored.probes).toHaveLength(1);
  },
);

test('with Muon it learns too, and a folder that AdamW began is not gone on with', async () => {
  const { validationLoss, status } = await runJson<PretrainResult>(command('muon', 'muon.json'));
  expect(status).toBe('finished');
  expect(validationLoss).toBeLessThan(Math.log(300) - 0.1);
  writeConfig('adamw.json', { steps: 8, optimizer: 'adamw' });
  const refused = await runCli(command('muon', 'adamw.json'));
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(/another configuration/);
});

testSignals('SIGINT keeps the step in flight, exits with 130 and says how to go on', async () => {
  const running = startCli([...command('stopped', 'long.json', 2), '--json']);
  await running.said(/step \d+ of 100000/);
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  const result = JSON.parse(stdout);
  expect([code, result.status, result.validationLoss]).toEqual([130, 'interrupted', null]);
  expect(stderr).toMatch(
    new RegExp(`hopescope: interrupted after step ${result.steps} of 100000; the same command goes on\n$`),
  );
  const { metadata } = await readSafetensorsHeader(join(at('stopped'), 'pretraining.safetensors'));
  expect(Number(metadata.step)).toBe(result.steps);
  const refused = await runCli(command('stopped', 'other.json'));
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(/^hopescope: .*written by a training with another configuration\. .+\n$/);
});

testSignals('SIGINT while the tokenizer is trained ends with 130 and leaves no model', async () => {
  mkdirSync(at('long'));
  writeFileSync(at('long/words.txt'), manyWords(300_000));
  const config = { model: { ...TINY_CONFIG, vocabulary: 30_000 }, training: TRAINING };
  writeFileSync(at('large.json'), JSON.stringify(config));
  const args = ['--config', at('large.json'), '--data', at('long'), '--out', at('early'), '--workers', '1'];
  const running = startCli(['pretrain', ...args]);
  await running.said(/tokenizer, \d+ of 29743 merges/);
  running.child.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/hopescope: interrupted before the first step\n$/);
  expect(existsSync(at('early/config.json'))).toBe(false);
});

test('what it cannot use it refuses in one line, and the folder of another model stays as it is', async () => {
  await makeTinyModel(at('model'));
  const before = readFileSync(at('model/model.safetensors'));
  const given = (config: string, data: string, out: string) => [
    ...['pretrain', '--config', at(config), '--data', at(data), '--out', at(out), '--workers', '1'],
  ];
  const cases: [string[], RegExp][] = [
    [given('none.json', 'texts', 'new'), /none\.json: cannot be read: it does not exist/],
    [given('texts', 'texts', 'new'), /texts: cannot be read: it is a folder/],
    [given('texts/people.txt', 'texts', 'new'), /people\.txt: cannot be read: it is no valid JSON/],
    [given('wrong.json', 'texts', 'new'), /training\.batch is 0/],
    [
      given('unknown.json', 'texts', 'new'),
      /training\.optimizer is "lion"\. It must be one of adamw, muon, sgd/,
    ],
    [given('config.json', 'none', 'new'), /none: no training text found/],
    [given('config.json', 'words', 'new'), /words: .* too few/],
    [given('config.json', 'texts', 'config.json'), /config\.json: cannot be made: it is a file/],
    [given('config.json', 'texts', 'model'), /model: holds a model that pretrain did not begin/],
    [[...command('new'), '--workers', '0'], /at least 1/],
    [[...command('new'), '--backend', 'auto'], /choices are tensorflow, webgpu, wasm, cpu/],
    [[...command('new'), '--backend', 'tensorflow'], /The tensorflow backend cannot be used: not installed/],
  ];
  for (const [args, reason] of cases) {
    const { code, stdout, stderr } = await runCli([...args, '--json']);
    expect([code, stdout], stderr).toEqual([1, '']);
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/^hopescope: .+\n$/);
    expect(stderr).not.toContain('Mira');
  }
  expect(readFileSync(at('model/model.safetensors')).equals(before)).toBe(true);
});

/** The folder that the command line looks for a native backend in. */
function nativeHome(): string {
  mkdirSync(at('home'), { recursive: true });
  if (!existsSync(at('home/native'))) symlinkSync(native.folder!, at('home/native'));
  return at('home');
}

test.skipIf(!native.folder)(`two workers on ${nativeTitle} learn what wasm does, and are named`, async () => {
  writeConfig('short.json', { steps: 12 });
  const env = { HOPESCOPE_HOME: nativeHome() };
  const on = (out: string, ...args: string[]) =>
    runJson<PretrainResult & { backend: string }>([...command(out, 'short.json', 2), ...args], { env });
  const wasm = await on('on-wasm');
  const tensorflow = await on('on-tensorflow', '--backend', 'tensorflow');
  expect([wasm.backend, tensorflow.backend]).toEqual(['wasm', 'TensorFlow CPU']);
  expect(tensorflow).toMatchObject({ steps: 12, status: 'finished', tokens: wasm.tokens });
  expect(Math.abs(tensorflow.loss - wasm.loss)).toBeLessThan(1e-3);
  expect(Math.abs(tensorflow.validationLoss - wasm.validationLoss)).toBeLessThan(5e-3);
  expect(tensorflow.validationLoss).toBeLessThan(Math.log(300));
});
