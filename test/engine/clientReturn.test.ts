import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { EngineClient } from '../../extension/engine/engineClient.ts';
import type { EngineReturn } from '../../extension/engine/engineEvents.ts';
import { returnText } from '../../extension/engine/returnText.ts';
import { Bench, trainRequest } from '../support/tinySession.ts';

const modulePath = fileURLToPath(new URL('../../dist/engine.cjs', import.meta.url));
const never = new CancellationTokenSource().token;
const quiet = { tokens: () => {}, progress: () => {}, frame: () => {} };

let bench: Bench;
let client: EngineClient;
let pid = 0;
beforeAll(async () => {
  bench = await Bench.make();
});
beforeEach(async () => {
  const { model, folder: storage } = bench;
  const command = { modulePath, execPath: process.execPath, env: process.env, storage, model };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  client = new EngineClient(() => ({ ...command, backend: 'wasm' }), log);
  client.onDidStart(info => {
    pid = info.pid;
  });
  await client.loadModel(model);
});
afterEach(() => client.stop());
afterAll(() => bench.dispose());

/** The live state as a file, open chunks included. */
async function state(): Promise<Buffer> {
  const path = bench.path('state.safetensors');
  await client.saveFastState(path);
  return readFile(path);
}

/** Ends the engine and answers when another one is there. */
function killed(): Promise<EngineReturn> {
  const returned = new Promise<EngineReturn>(resolve => client.onDidReturn(resolve));
  process.kill(pid, 'SIGKILL');
  return returned;
}

test('an engine that dies comes back where the memory had been put in a run, bit by bit', async () => {
  const runPath = bench.path('sought.hoperun');
  await client.train(trainRequest({ runPath }), quiet, never);
  const last = await state();
  await client.seekRun(runPath, 7);
  const before = await state();
  expect(before.equals(last)).toBe(false);
  const end = await killed();
  expect(end.restored?.place).toEqual({ path: runPath, updates: 7 });
  expect(returnText(end)).toContain('the memory is where it was, at update 7 of its run.');
  expect((await state()).equals(before)).toBe(true);
});

test('an engine that dies comes back with a fast state that was loaded, and with what was trained on it', async () => {
  const saved = bench.path('kept.hopestate');
  await client.train(trainRequest({ runPath: bench.path('kept.hoperun') }), quiet, never);
  await client.saveFastState(saved);
  const before = await state();
  const { updates } = client.model!;
  await client.resetMemory();
  expect((await client.loadFastState(saved)).updates).toBe(updates);
  expect((await killed()).restored).toMatchObject({ updates, problem: undefined });
  expect((await state()).equals(before)).toBe(true);
  await client.train(trainRequest({ runPath: bench.path('further.hoperun') }), quiet, never);
  const further = await state();
  expect(further.equals(before)).toBe(false);
  await killed();
  expect((await state()).equals(further)).toBe(true);
  await client.resetMemory();
  expect((await killed()).restored).toMatchObject({ updates: 0 });
});

test('an engine that dies in a stepped training comes back where its cursor was, bit by bit', async () => {
  const request = trainRequest({ runPath: bench.path('stepped.hoperun') });
  await client.openStepper(request, () => {});
  await client.stepTo(request.runId, 13);
  await client.stepTo(request.runId, 6);
  const before = await state();
  expect((await killed()).restored?.place).toEqual({ path: request.runPath, updates: 6 });
  expect((await state()).equals(before)).toBe(true);
});

test('an engine that dies after a branch comes back at its end, and after a refused one where it was', async () => {
  const path = bench.path('parent.hoperun');
  await client.train(trainRequest({ runPath: path }), quiet, never);
  await client.seekRun(path, 5);
  const before = await state();
  const change = { kind: 'replay', learningRates: { memory: 0 } } as const;
  const branch = { path, change, runId: 'branch', title: 'branch' };
  const refused = client.branch(
    { ...branch, updates: 10_000, runPath: bench.path('none.hoperun') },
    () => {},
  );
  await expect(refused).rejects.toMatchObject({ code: 'bad-input' });
  expect((await killed()).restored?.place).toEqual({ path, updates: 5 });
  expect((await state()).equals(before)).toBe(true);
  await client.branch({ ...branch, updates: 40, runPath: bench.path('branch.hoperun') }, () => {});
  const after = await state();
  expect((await killed()).restored?.place).toBeUndefined();
  expect((await state()).equals(after)).toBe(true);
});
