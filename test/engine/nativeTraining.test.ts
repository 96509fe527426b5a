import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import * as protocol from '../../engine/protocol/requests.ts';
import { RunReader } from '../../engine/run/index.ts';
import type { ForkedEngine } from '../support/forkedEngine.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { expectSameBits } from '../support/near.ts';
import { readFastWeights, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
let runs = 0;

/** Trains in an engine process of its own; answers with what it told and the weights that came out. */
async function train(backend: 'tensorflow' | 'wasm') {
  const engine = engines.bare();
  const info = await engine.initialize({ backend, nativeFolder: native.folder });
  await engine.load(engines.bench.model);
  runs += 1;
  const runPath = engines.bench.path(`native-${runs}.hoperun`);
  const result = await engine.connection.sendRequest(protocol.Train, trainRequest({ runPath }));
  const path = engines.bench.path(`native-${runs}.safetensors`);
  await engine.connection.sendRequest(protocol.SaveFastState, { path });
  return { engine, info, result, runPath, path, weights: await readFastWeights(path, engines.bench.model) };
}

/** Tensors that a heartbeat counts after everything asked for was answered. */
async function tensorsAtRest(engine: ForkedEngine): Promise<number> {
  const seen = engine.heartbeats.length;
  await engine.until(() => engine.heartbeats.length > seen);
  return engine.heartbeats.at(-1)!.tensors;
}

describe.skipIf(!native.folder)(`online training on ${nativeTitle}`, { timeout: 300_000 }, () => {
  test('gives the numbers of wasm but for rounding, and the same bits each time', async () => {
    const [first, wasm] = [await train('tensorflow'), await train('wasm')];
    expect(first.info).toMatchObject({ backend: 'tensorflow', label: 'TensorFlow CPU', refused: [] });
    expect(first.result.status).toBe('finished');
    expect(first.engine.updates.length).toBe(wasm.engine.updates.length);
    expect(first.engine.updates.length).toBeGreaterThan(50);
    first.engine.updates.forEach((update, i) => {
      const expected = wasm.engine.updates[i];
      expect(Math.abs(update.loss - expected.loss), `loss of update ${i}`).toBeLessThan(1e-3);
      const changed = update.metrics.map((value, m) => Math.abs(value - expected.metrics[m]));
      const size = expected.metrics.map(value => 2e-2 * (0.1 + Math.abs(value)));
      const off = changed.findIndex((difference, m) => difference > size[m]);
      expect(off, `metric ${off} of update ${i}: ${update.metrics[off]}, ${expected.metrics[off]}`).toBe(-1);
    });
    for (const [name, values] of wasm.weights) {
      const got = first.weights.get(name)!;
      const norm = Math.hypot(...values) + 1e-6;
      expect(Math.hypot(...values.map((value, i) => value - got[i])) / norm, name).toBeLessThan(2e-3);
    }
    const second = await train('tensorflow');
    expect(await readFile(second.path)).toEqual(await readFile(first.path));
    first.engine.updates.forEach((update, i) => {
      expectSameBits(second.engine.updates[i].metrics, update.metrics, `update ${i}`);
    });
  });

  test('names the device in the run, leaves no tensors, and prints nothing', async () => {
    const { engine, runPath } = await train('tensorflow');
    const reader = RunReader.open(runPath);
    expect(reader.header.backend).toBe('TensorFlow CPU');
    reader.close();
    const before = await tensorsAtRest(engine);
    for (let i = 0; i < 2; i++) await engine.connection.sendRequest(protocol.Train, trainRequest());
    expect(await tensorsAtRest(engine)).toBe(before);
    // What a version of TensorFlow says before it reads its log level, in its own form, is no fault of ours.
    const ofTensorflow = /^(WARNING: All log messages before absl|I0000 ).*$/gm;
    expect(engine.output.replaceAll(ofTensorflow, '').trim()).toBe('');
  });

  test('recovers on wasm what was trained on TensorFlow', async () => {
    const { runPath, weights } = await train('tensorflow');
    const other = await engines.opened();
    const { updates } = await other.connection.sendRequest(protocol.Recover, { runPath });
    expect(updates).toBeGreaterThan(50);
    const path = engines.bench.path('recovered.safetensors');
    await other.connection.sendRequest(protocol.SaveFastState, { path });
    for (const [name, values] of await readFastWeights(path, engines.bench.model)) {
      const norm = Math.hypot(...values) + 1e-6;
      const difference = Math.hypot(...values.map((value, i) => value - weights.get(name)![i]));
      expect(difference / norm, name).toBeLessThan(2e-3);
    }
  });
});

test('a native backend that was asked for and is not there is refused in words', async () => {
  const engine = engines.bare();
  const asked = engine.initialize({ backend: 'tensorflow', nativeFolder: engines.bench.path('nothing') });
  await expect(asked).rejects.toMatchObject({
    message: 'The tensorflow backend cannot be used: not installed',
    data: { code: 'bad-backend', remedy: expect.stringContaining('hopescope.engine.backend') },
  });
  expect((await engine.initialize({ backend: 'wasm' })).label).toBe('wasm');
});
