import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { BackendVerdict } from '../../engine/protocol/backend.ts';
import * as protocol from '../../engine/protocol/requests.ts';
import { brokenNative } from '../support/brokenNative.ts';
import { refusalOf } from '../support/forkedEngine.ts';
import { trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();

async function opened(changes: Partial<protocol.InitializeParams>) {
  const engine = engines.bare();
  const { model } = engines.bench;
  const info = await engine.initialize({ storage: engines.bench.path('storage'), model, ...changes });
  await engine.load(model);
  const measure = (params: protocol.MeasureParams = { again: false }) =>
    engine.connection.sendRequest(protocol.MeasureBackends, params);
  return { engine, info, measure };
}

test('backends are measured once, and the next engine starts on the fastest', async () => {
  const first = await opened({});
  expect(first.info).toMatchObject({ backend: 'wasm' });
  expect(first.info.verdict).toBeUndefined();
  const verdict = await first.measure();
  expect(verdict.timings.map(({ name }) => name).toSorted()).toEqual(['cpu', 'tensorflow', 'wasm', 'webgpu']);
  expect(await first.measure()).toEqual(verdict);
  expect((await first.measure({ again: true })).measuredAt).not.toBe(verdict.measuredAt);

  // What the file says decides, whatever this machine is good at.
  const path = engines.bench.path('storage/backends.json');
  const contents = JSON.parse(await readFile(path, 'utf8')) as { verdicts: Record<string, BackendVerdict> };
  const [known] = Object.values(contents.verdicts);
  const second = await opened({});
  expect(second.info.verdict).toEqual(known);
  expect(second.info.backend).toBe(known.timings[0].name);
});

test('measuring makes way for a training and is refused while one runs', async () => {
  const nativeFolder = brokenNative(engines.bench.path('hanging'), 'for (;;);');
  const { engine, measure } = await opened({ nativeFolder });
  const first = refusalOf(measure());
  // The candidates without native code come first, then the one that hangs.
  await new Promise(resolve => setTimeout(resolve, 500));
  const twice = await refusalOf(measure());
  expect(twice).toMatchObject({ code: 'busy', message: 'The backends are being measured already.' });
  const stopped = refusalOf(measure({ again: true }));
  expect(await first).toMatchObject({ code: 'busy', message: 'Measuring the backends was stopped.' });
  const options = { ...trainRequest().options, epochs: 1000 };
  const request = trainRequest({ options });
  const training = engine.connection.sendRequest(protocol.Train, request);
  expect(await stopped).toMatchObject({ code: 'busy', message: 'Measuring the backends was stopped.' });
  await engine.arrived(1);
  const refused = await refusalOf(measure());
  expect(refused.message).toBe('The engine cannot measure the backends while a training runs.');
  await engine.connection.sendRequest(protocol.Cancel, { runId: request.runId });
  expect((await training).status).toBe('cancelled');
});

test('a model comes before its backends are measured', async () => {
  const engine = engines.bare();
  await engine.initialize();
  const asked = engine.connection.sendRequest(protocol.MeasureBackends, { again: false });
  expect(await refusalOf(asked)).toMatchObject({ code: 'no-model' });
});
