import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';
import { makeTinyModel } from '../support/tinyModel.ts';

// Before the table of cases, which names its files.
const folder = mkdtempSync(join(tmpdir(), 'hopescope-refusals-'));
const at = (name: string) => join(folder, name);
const SECRET = 'Vesper Quillon';

beforeAll(async () => {
  await makeTinyModel(at('model'));
  await makeTinyModel(at('other'), { seed: 2 });
  await makeTinyModel(at('cut'));
  const weights = readFileSync(at('cut/model.safetensors'));
  writeFileSync(at('cut/model.safetensors'), weights.subarray(0, weights.length - 100));
  mkdirSync(at('texts'));
  writeFileSync(at('good.txt'), `${SECRET} was born in Lisbon.`);
  writeFileSync(at('empty.txt'), '');
  writeFileSync(at('white.txt'), ' \t\r\n\u00a0\n');
  writeFileSync(at('zeros.bin'), Buffer.from(`${SECRET}\0\x01\x02`));
  writeFileSync(at('latin1.txt'), Buffer.from(`${SECRET} caf\xe9`, 'latin1'));
  writeFileSync(at('utf16.txt'), Buffer.from(SECRET, 'utf16le'));
  await runCli([
    'train',
    '--model',
    at('other'),
    '--text',
    at('good.txt'),
    '--epochs',
    '1',
    '--out',
    at('other.state'),
  ]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...more: string[]) => ['train', '--model', at('model'), '--text', at('good.txt'), ...more];
const text = (name: string) => ['train', '--model', at('model'), '--text', at(name)];

const CASES: Record<string, [args: string[], ...reasons: (string | RegExp)[]]> = {
  'a text that is missing': [text('none.txt'), 'none.txt', 'does not exist'],
  'a folder for a text': [text('texts'), 'texts', 'it is a folder'],
  'an empty text': [text('empty.txt'), 'empty.txt', 'is empty'],
  'white space': [text('white.txt'), 'white.txt', 'is empty'],
  'a binary file': [text('zeros.bin'), 'zeros.bin', /byte 14 is 0/, 'UTF-8'],
  'Latin 1': [text('latin1.txt'), 'latin1.txt', 'not UTF-8'],
  'UTF-16': [text('utf16.txt'), 'utf16.txt', 'byte 1 is 0'],
  'empty standard input': [['evaluate', '--model', at('model'), '--text', '-'], 'standard input', 'is empty'],
  'a probe without an arrow': [train('--probe', 'a => b', '--probe', SECRET), 'Probe 2 of 2', 'has no =>'],
  'a probe without an answer': [train('--probe', `${SECRET} =>`), 'Probe 1 of 1 has no answer'],
  'a probe without a prompt': [['probe', `=> ${SECRET}`], 'Probe 1 of 1 has no prompt'],
  'no probe': [['probe'], 'missing required argument'],
  'a probe that is too long': [
    train('--run', at('new.hoperun'), '--probe', `${SECRET.repeat(2000)} => Lisbon`),
    /The probe has \d+ tokens/,
    '4096',
  ],
  'words without quotes': [train(...SECRET.split(' ')), 'too many arguments'],
  'no epochs': [train('--epochs', '0'), 'epochs is 0', '1 to 10000'],
  'too many epochs': [train('--epochs', '10001'), 'epochs is 10001', '1 to 10000'],
  'half an epoch': [train('--epochs', '0.5'), 'whole number'],
  'a level that is not there': [
    train('--rate', 'cms.9=1'),
    '"cms.9"',
    'memory, projections, cms.0, cms.1, cms.2',
  ],
  'a rate below 0': [train('--rate', 'cms.0=-1'), 'cms.0 is -1', '0 to 100'],
  'a rate that is no number': [train('--rate', 'cms.0=fast'), 'LEVEL=NUMBER'],
  'a rate by the name of a prototype': [train('--rate', '__proto__=1'), '"__proto__"'],
  'another rule for chunks': [train('--partial-chunk', 'keep'), 'flush, drop'],
  'another backend': [train('--backend', 'gpu'), 'auto, tensorflow, webgpu, wasm, cpu'],
  'a model that is missing': [['inspect', '--model', at('none')], 'none', 'does not exist'],
  'a file for a model': [['inspect', '--model', at('good.txt')], 'not a folder'],
  'a damaged model': [['inspect', '--model', at('cut')], 'model.safetensors'],
  'a state that is missing': [train('--state', at('none.state')), 'none.state', 'does not exist'],
  'a text for a state': [train('--state', at('good.txt')), 'good.txt', 'is no fast state'],
  'a checkpoint for a state': [train('--state', at('model/model.safetensors')), 'is no fast state'],
  'a state of another model': [
    train('--state', at('other.state')),
    'belongs to another model: its base has SHA-256',
  ],
  'to overwrite a text': [train('--out', at('good.txt')), 'good.txt', 'not overwritten'],
  'to overwrite a checkpoint': [train('--out', at('model/model.safetensors')), 'not overwritten'],
  'to write into a folder that is missing': [train('--out', at('none/a.state')), 'none', 'does not exist'],
  'a folder for a state': [train('--out', at('texts')), 'texts', 'not a file'],
  'to record over a file': [train('--run', at('good.txt')), 'good.txt', 'not overwritten'],
  'a mistyped option': [train('--epoch', '3'), "unknown option '--epoch'", 'Did you mean --epochs?'],
  'a mistyped command': [['trian'], "unknown command 'trian'", 'Did you mean train?'],
  'a command without its text': [['train'], '--text <file>'],
};

test.each(Object.entries(CASES))('refuses %s in one line', async (_, [args, ...reasons]) => {
  const before = readdirSync(folder, { recursive: true }).sort();
  const { code, stdout, stderr } = await runCli([...args, '--json']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^hopescope: .+\n$/);
  for (const reason of reasons) expect(stderr).toMatch(reason);
  // What happened and what to do: at least two sentences.
  expect(stderr).toMatch(/[.)] ["A-Z].*\.\n$/);
  expect(stderr).not.toMatch(/Vesper|Quillon/);
  expect(stderr).not.toMatch(/\n? {4}at |ENOENT|EISDIR/);
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
});

test('a training that diverges says where, and writes no fast state', async () => {
  await makeTinyModel(at('wild'), { config: { learning_rates: { 'cms.0': 1e38 } } });
  const args = [
    'train',
    '--model',
    at('wild'),
    '--text',
    at('good.txt'),
    '--out',
    at('wild.state'),
    '--json',
  ];
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stdout, existsSync(at('wild.state'))]).toEqual([1, '', false]);
  expect(stderr).toMatch(/hopescope: Training stopped at token \d+: .+ Lower the learning rates .+\n$/);
});

test('a refused training leaves the files it would have replaced', () => {
  expect(readFileSync(at('good.txt'), 'utf8')).toBe(`${SECRET} was born in Lisbon.`);
  expect(existsSync(at('model/model.safetensors'))).toBe(true);
});
