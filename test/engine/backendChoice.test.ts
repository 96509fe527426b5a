import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tryCandidate } from '../../engine/choice/candidateProcess.ts';
import { chooseBackend } from '../../engine/choice/chooseBackend.ts';
import { measureBackends } from '../../engine/choice/measureBackends.ts';
import { storageFolder } from '../../engine/choice/storage.ts';
import { VerdictFile } from '../../engine/choice/verdictFile.ts';
import { verdictKey } from '../../engine/choice/verdictKey.ts';
import type { BackendTiming } from '../../engine/protocol/backend.ts';
import { timingText } from '../../engine/protocol/backend.ts';
import { brokenNative, WRONG_SOFTMAX, WRONG_TICK } from '../support/brokenNative.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { makeTinyModel } from '../support/tinyModel.ts';

let shared: string;
let model: string;
const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hopescope-choice-'));
  folders.push(made);
  return made;
}
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'hopescope-choice-'));
  model = join(shared, 'model');
  await makeTinyModel(model);
});
afterAll(() => rm(shared, { recursive: true }));
afterEach(async () => {
  for (const each of folders.splice(0)) await rm(each, { recursive: true, force: true });
});

const engineVersion = '1.2.3';
const timing = (name: BackendTiming['name'], milliseconds?: number, refused?: string): BackendTiming => ({
  ...{ name, label: name },
  ...(milliseconds === undefined ? { refused } : { milliseconds }),
});

/** Remembers a measurement of the model as if it had been made. */
async function remember(
  storage: string,
  timings: BackendTiming[],
  nativeFolder?: string,
): Promise<VerdictFile> {
  const file = new VerdictFile(storage);
  const key = await verdictKey({ engineVersion, model, options: { nativeFolder } });
  await file.write(key, { measuredAt: new Date(0).toISOString(), timings });
  return file;
}

describe('trying a backend in a process of its own', () => {
  test('times a tick of the model, and says what the backend is called', async () => {
    const answer = await tryCandidate({ backend: 'wasm', model });
    if ('refused' in answer) throw new Error(answer.refused);
    expect(answer.label).toBe('wasm');
    expect(answer.tick!.milliseconds).toBeGreaterThan(0);
    // Synthetic tokens of a fresh model: as good as chance.
    expect(answer.tick!.loss).toBeCloseTo(Math.log(300), 0);
    expect(await tryCandidate({ backend: 'wasm' })).toEqual({ label: 'wasm' });
  });

  test('says what is missing', async () => {
    const task = { backend: 'tensorflow', model } as const;
    expect(await tryCandidate(task)).toEqual({ refused: 'not installed' });
    const empty = await folder();
    expect(await tryCandidate({ ...task, nativeFolder: empty })).toEqual({
      refused: `there is no @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node in ${empty}`,
    });
    const missing = await tryCandidate({ backend: 'wasm', model: join(empty, 'no-model') });
    expect(missing).toMatchObject({ refused: expect.stringContaining('the model folder cannot be opened') });
  });

  test('finds the native backend behind a link, and gives it the tensor library of the engine', async () => {
    const real = brokenNative(await folder(), '');
    const nativeFolder = join(await folder(), 'link');
    await symlink(real, nativeFolder);
    const answer = await tryCandidate({ backend: 'tensorflow', nativeFolder });
    expect(answer).toEqual({ label: 'TensorFlow CPU' });
  });

  test.each([
    ['a crash', `process.kill(process.pid, 'SIGSEGV')`, 'it crashed when it was tried (signal SIGSEGV)'],
    ['an early end', 'process.exit(7)', 'it crashed when it was tried (exit code 7)'],
    ['a hang', 'for (;;);', 'no answer in 3 s'],
    ['an error', `throw new Error('no driver')`, 'its addon cannot be loaded: no driver'],
  ])('outlives %s', async (_, code, refused) => {
    const nativeFolder = brokenNative(await folder(), code);
    expect(await tryCandidate({ backend: 'tensorflow', model, nativeFolder }, undefined, 3000)).toEqual({
      refused,
    });
  });

  test('stops at once when it is told to', async () => {
    const stop = new AbortController();
    const nativeFolder = brokenNative(await folder(), 'for (;;);');
    const trying = tryCandidate({ backend: 'tensorflow', model, nativeFolder }, stop.signal);
    setTimeout(() => stop.abort(new Error('enough')), 300);
    await expect(trying).rejects.toThrow('enough');
  });
});

describe('measuring', () => {
  test('puts the fastest first and what cannot be used last, each with its reason', async () => {
    const seen: BackendTiming[] = [];
    const { timings } = await measureBackends(model, { onTiming: each => void seen.push(each) });
    expect(timings.map(({ name }) => name).toSorted()).toEqual(['cpu', 'tensorflow', 'wasm', 'webgpu']);
    const measured = timings.slice(0, 2);
    expect(measured.map(({ label }) => label).toSorted()).toEqual(['cpu', 'wasm']);
    expect(measured[0].milliseconds).toBeLessThanOrEqual(measured[1].milliseconds!);
    expect(timings[2]).toEqual({ name: 'tensorflow', label: 'TensorFlow', refused: 'not installed' });
    expect(seen).toHaveLength(4);
    expect(timings.map(timingText)[2]).toBe('TensorFlow: not installed');
  });

  test.each([
    ['fails the self-test', WRONG_SOFTMAX, /failed its self-test: softmax gave/],
    ['passes it and gives another loss', WRONG_TICK, /it computes wrongly: a loss of .* instead of/],
  ])('refuses a backend that %s, however fast', async (_, kernels, reason) => {
    const nativeFolder = brokenNative(await folder(), '', `exports.cuda = false;${kernels}`);
    const { timings } = await measureBackends(model, { nativeFolder, names: ['tensorflow', 'wasm'] });
    expect(timings[0].name).toBe('wasm');
    expect(timings[1].refused).toMatch(reason);
  });

  test.skipIf(!native.folder)(`takes ${nativeTitle} into the comparison`, async () => {
    const options = { nativeFolder: native.folder, names: ['tensorflow', 'wasm'] as const };
    const { timings } = await measureBackends(model, options);
    const measured = timings.find(({ name }) => name === 'tensorflow')!;
    expect(measured).toMatchObject({ label: 'TensorFlow CPU' });
    expect(measured.milliseconds).toBeGreaterThan(0);
  });
});

describe('choosing', () => {
  const choose = (storage: string, more: Partial<Parameters<typeof chooseBackend>[0]> = {}) =>
    chooseBackend({ preference: 'auto', engineVersion, storage, model, ...more });

  test('takes what works everywhere while nothing was measured', async () => {
    const { opened, verdict } = await choose(await folder());
    expect(opened).toEqual({ name: 'wasm', label: 'wasm', refused: [] });
    expect(verdict).toBeUndefined();
  });

  test('takes the fastest that was measured', async () => {
    const storage = await folder();
    await remember(storage, [timing('cpu', 1), timing('wasm', 2), timing('webgpu', undefined, 'no adapter')]);
    const { opened, verdict } = await choose(storage);
    expect(opened).toEqual({ name: 'cpu', label: 'cpu', refused: [] });
    expect(verdict?.timings[2].refused).toBe('no adapter');
    expect((await choose(storage, { preference: 'wasm' })).opened.name).toBe('wasm');
  });

  test('takes the next one when the fastest does not open any more', async () => {
    const storage = await folder();
    await remember(storage, [timing('tensorflow', 1), timing('wasm', 2)]);
    const { opened } = await choose(storage);
    expect(opened).toEqual({ name: 'wasm', label: 'wasm', refused: ['TensorFlow: not installed'] });
  });

  test('passes over a backend that ended an engine, now and from then on', async () => {
    const storage = await folder();
    const file = await remember(storage, [timing('cpu', 1), timing('wasm', 2)]);
    const dropped = [{ name: 'cpu', reason: 'the device was lost' }] as const;
    const { opened } = await choose(storage, { dropped });
    expect(opened).toEqual({ name: 'wasm', label: 'wasm', refused: ['cpu: the device was lost'] });
    expect((await choose(storage)).verdict!.timings).toEqual([
      timing('wasm', 2),
      timing('cpu', undefined, 'the device was lost'),
    ]);
    expect((await choose(storage, { preference: 'cpu', dropped })).opened.name).toBe('wasm');
    expect(JSON.parse(await readFile(file.path, 'utf8')).format).toBe(1);
  });

  test.each([
    'not JSON',
    '{"format":2,"verdicts":{}}',
    '{"format":1,"verdicts":7}',
    'KEY{"measuredAt":"x","timings":[{"name":"abacus","label":"abacus","milliseconds":1}]}',
    'KEY{"measuredAt":"x","timings":[{"name":"cpu","label":"cpu","milliseconds":"1"}]}',
    'KEY{"measuredAt":"x"}',
    'KEYnull',
  ])('counts a damaged file as nothing measured, and writes over it: %s', async text => {
    const storage = await folder();
    const file = new VerdictFile(storage);
    const key = await verdictKey({ engineVersion, model, options: {} });
    const damaged = text.startsWith('KEY') ? `{"format":1,"verdicts":{"${key}":${text.slice(3)}}}` : text;
    await writeFile(file.path, damaged);
    expect(await choose(storage)).toMatchObject({ opened: { name: 'wasm' }, verdict: undefined });
    await remember(storage, [timing('cpu', 1)]);
    expect((await choose(storage)).opened.name).toBe('cpu');
  });
});

describe('what a measurement holds for', () => {
  test('is another key for another model, engine or native backend', async () => {
    const options = {};
    const key = await verdictKey({ engineVersion, model, options });
    expect(await verdictKey({ engineVersion, model, options })).toBe(key);
    expect(await verdictKey({ engineVersion: '1.2.4', model, options })).not.toBe(key);
    const other = join(await folder(), 'other');
    await cp(model, other, { recursive: true });
    expect(await verdictKey({ engineVersion, model: other, options })).toBe(key);
    const config = join(other, 'config.json');
    await writeFile(config, (await readFile(config, 'utf8')).replace('"tiny"', '"tiny 2"'));
    expect(await verdictKey({ engineVersion, model: other, options })).not.toBe(key);
    const nativeFolder = brokenNative(await folder(), '');
    expect(await verdictKey({ engineVersion, model, options: { nativeFolder } })).not.toBe(key);
  });

  test('is kept for the models used last', async () => {
    const file = new VerdictFile(await folder());
    for (let i = 0; i < 40; i++)
      await file.write(`key ${i}`, { measuredAt: '', timings: [timing('cpu', i + 1)] });
    expect(await file.read('key 7')).toBeUndefined();
    expect(await file.read('key 8')).toBeDefined();
    expect((await file.read('key 39'))!.timings[0].milliseconds).toBe(40);
  });

  test('lies where each system keeps the data of programs', () => {
    expect(storageFolder({ HOPESCOPE_HOME: '/x' }, 'linux')).toBe('/x');
    expect(storageFolder({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/hopescope');
    expect(storageFolder({ LOCALAPPDATA: '/local' }, 'win32')).toBe('/local/hopescope');
    expect(storageFolder({}, 'darwin')).toMatch(/Library\/Application Support\/hopescope$/);
  });
});
