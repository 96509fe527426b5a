import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProbeScore, TrainResult } from '../../engine/protocol/index.ts';
import { RunReader } from '../../engine/run/index.ts';
import { runCli, runJson } from '../support/cli.ts';
import { makeTinyModel } from '../support/tinyModel.ts';

type TrainJson = Omit<TrainResult, 'runId'> & { model: string; backend: string; out: string | null };

const TEXT = 'Mira Halloway was born in Lisbon. Ünïcode 🦊, "quotes" and a tab\t.';
const PROBE = 'Mira Halloway was born in => Lisbon';
const HARBOUR = 'The harbour of => Lisbon';

let folder: string;
let model: string;
let text: string;
let trained: TrainJson;
let state: string;

const train = (...more: string[]) =>
  runJson<TrainJson>(['train', '--model', model, '--text', text, '--epochs', '3', ...more]);
/** All that must be the same in two trainings. */
const numbers = ({ seconds: _seconds, out: _out, ...rest }: TrainJson) => rest;
const hashes = () =>
  readdirSync(model).map(name =>
    createHash('sha256')
      .update(readFileSync(join(model, name)))
      .digest('hex'),
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-train-'));
  model = join(folder, 'model');
  text = join(folder, 'people.txt');
  state = join(folder, 'people.state');
  writeFileSync(text, TEXT);
  await makeTinyModel(model);
  trained = await train('--probe', PROBE, '--probe', HARBOUR, '--out', state);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('--json has the numbers of the levels and of the probes', () => {
  expect(trained).toMatchObject({ model: 'tiny', backend: 'wasm', status: 'finished', out: state });
  expect(trained.positions).toBe(3 * trained.tokens);
  expect(trained.updates).toBe(Math.ceil(trained.positions / 4));
  expect(trained.surpriseLast).toBeLessThan(trained.surpriseFirst);
  expect(trained.levels.map(({ id, period }) => [id, period])).toEqual([
    ['memory', 4],
    ['projections', 8],
    ['cms.0', 16],
    ['cms.1', 32],
    ['cms.2', 64],
  ]);
  for (const { id, period, updates, meanRelativeUpdate, relativeChange, drift } of trained.levels) {
    expect(updates, id).toBe(Math.ceil(trained.positions / period));
    expect(meanRelativeUpdate, id).toBeGreaterThan(0);
    expect(relativeChange, id).toBeGreaterThan(0);
    expect(drift, id).toBe(relativeChange);
  }
  expect(trained.probes.map(({ prompt, answer }) => `${prompt} => ${answer}`)).toEqual([PROBE, HARBOUR]);
  for (const { before, after } of trained.probes) {
    expect(Object.keys(before)).toEqual(['probability', 'rank', 'meanLogProbability', 'tokens']);
    expect(after.probability).not.toBe(before.probability);
  }
  expect(trained.probes[0].after.probability).toBeGreaterThan(trained.probes[0].before.probability);
});

test('the same text and options give the same numbers, also from standard input', async () => {
  const again = await train('--probe', PROBE, '--probe', HARBOUR);
  expect(numbers(again)).toEqual(numbers(trained));
  expect(again.out).toBeNull();
  const args = ['train', '--model', model, '--text', '-', '--epochs', '3'];
  const piped = await runJson<TrainJson>([...args, '--probe', PROBE, '--probe', HARBOUR], { input: TEXT });
  expect(numbers(piped)).toEqual(numbers(trained));
});

test('the fast state that --out wrote scores exactly as after the training', async () => {
  const args = ['probe', PROBE, HARBOUR, '--model', model];
  type Probes = { probes: (ProbeScore & { prompt: string; answer: string })[] };
  const after = await runJson<Probes>([...args, '--state', state]);
  expect(after.probes).toEqual(
    trained.probes.map(({ prompt, answer, after }) => ({ prompt, answer, ...after })),
  );
  const before = await runJson<Probes>(args);
  expect(before.probes).toEqual(
    trained.probes.map(({ prompt, answer, before }) => ({ prompt, answer, ...before })),
  );
});

test('--state goes on from a fast state, and --out may replace it', async () => {
  const next = join(folder, 'next.state');
  writeFileSync(next, readFileSync(state));
  const more = await train('--state', next, '--out', next, '--probe', PROBE);
  expect(more.probes[0].before).toEqual(trained.probes[0].after);
  for (const { id, relativeChange, drift } of more.levels) expect(drift, id).not.toBe(relativeChange);
  const { updates } = await runJson<{ updates: number }>(['inspect', '--model', model, '--state', next]);
  expect(updates).toBe(trained.updates + more.updates);
  expect(readdirSync(folder).filter(name => name.includes('.tmp'))).toEqual([]);
});

test('the base checkpoint is not touched', async () => {
  const before = hashes();
  await train();
  expect(hashes()).toEqual(before);
});

test('--rate 0 freezes a level and leaves the others', async () => {
  const { levels } = await train('--rate', 'memory=0', '--rate', 'cms.2=0');
  for (const { id, updates, relativeChange, meanRelativeUpdate } of levels) {
    const frozen = id === 'memory' || id === 'cms.2';
    expect([updates > 0, relativeChange > 0, meanRelativeUpdate > 0], id).toEqual(Array(3).fill(!frozen));
  }
});

test('--partial-chunk drop leaves out the update of an open chunk', async () => {
  const { levels, positions } = await train('--partial-chunk', 'drop');
  for (const { id, period, updates } of levels) expect(updates, id).toBe(Math.floor(positions / period));
});

test('--run records every update and names the text by its file only', async () => {
  const run = join(folder, 'people.hoperun');
  const { updates } = await train('--run', run);
  const reader = RunReader.open(run);
  expect([reader.updatesCount, reader.status, reader.header.title]).toEqual([
    updates,
    'finished',
    'people.txt',
  ]);
  reader.close();
});

test('the plain CPU backend gives nearly the same numbers', async () => {
  const cpu = await train('--backend', 'cpu', '--probe', PROBE);
  expect(cpu.backend).toBe('cpu');
  expect(cpu.surpriseLast).toBeCloseTo(trained.surpriseLast, 3);
  expect(cpu.probes[0].after.probability).toBeCloseTo(trained.probes[0].after.probability, 4);
});

test('without --json it prints an aligned table of the levels and one of the probes', async () => {
  const { code, stdout } = await runCli(['train', '--model', model, '--text', text, '--probe', PROBE]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const top = lines.findIndex(line => line.startsWith('level '));
  expect(lines[top]).toMatch(
    /^level {2,}period \(tokens\) {2}updates {2}mean ρ \(%\) {2}change \(%\) {2}drift \(%\)$/,
  );
  const levels = lines.slice(top + 1, top + 6);
  expect(levels.map(line => line.split(/ +/)[0])).toEqual([
    'memory',
    'projections',
    'cms.0',
    'cms.1',
    'cms.2',
  ]);
  for (const line of levels) expect(line.length, line).toBe(lines[top].length);
  expect(lines.at(-2)).toMatch(/^p before +p after +factor +rank before +rank after +probe$/);
  expect(lines.at(-1)).toMatch(
    /^ *[\d.e-]+ +[\d.e-]+ +[\d.]+ +\d+ +\d+ {2}Mira Halloway was born in => Lisbon$/,
  );
});
