import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as protocol from '../../engine/protocol/requests.ts';
import { RunReader } from '../../engine/run/index.ts';
import type { ForkedEngine } from '../support/forkedEngine.ts';
import { distance, expectSameBits } from '../support/near.ts';
import { swiftshaderEnvironment } from '../support/swiftshader.ts';
import { TINY_TEXT } from '../support/tinyModel.ts';
import { Recording, readFastWeights, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';
import { WebgpuProcess } from '../support/webgpuProcess.ts';

const opened = await WebgpuProcess.open();
const reason = 'reason' in opened ? opened.reason : undefined;
if ('gpu' in opened) await opened.gpu.close();

const engines = useEngines();
/** A few ticks: a software adapter takes its time. */
const TEXT = TINY_TEXT.slice(0, 60);
const PROBE = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };

describe.skipIf(reason)(`the engine process on WebGPU${reason ? `, not run, ${reason}` : ''}`, () => {
  const kept: Record<string, string | undefined> = {};
  beforeAll(() => {
    for (const [name, value] of Object.entries(swiftshaderEnvironment() ?? {})) {
      kept[name] = process.env[name];
      process.env[name] = value;
    }
  });
  afterAll(() => {
    for (const [name, value] of Object.entries(kept)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  async function onWebgpu(): Promise<ForkedEngine> {
    const engine = engines.bare();
    expect((await engine.initialize({ backend: 'webgpu' })).backend).toBe('webgpu');
    await engine.load(engines.bench.model);
    return engine;
  }

  test('trains, scores, describes, evaluates and saves as wasm does', async () => {
    const engine = await onWebgpu();
    const request = trainRequest({ text: TEXT, probes: [PROBE], runPath: engines.bench.path('gpu.hoperun') });
    const result = await engine.connection.sendRequest(protocol.Train, request);
    const session = await engines.bench.session();
    const expected = await session.train(trainRequest({ text: TEXT, probes: [PROBE] }), new Recording());
    expect(result.status).toBe('finished');
    expect(result.updates).toBe(expected.updates);
    expect(result.probes[0].after.meanLogProbability).toBeCloseTo(
      expected.probes[0].after.meanLogProbability,
      3,
    );
    result.levels.forEach(({ relativeChange }, i) => {
      expect(relativeChange).toBeCloseTo(expected.levels[i].relativeChange, 4);
    });
    const text = { text: 'The harbour of Lisbon lies on the river.' };
    const { loss } = await engine.connection.sendRequest(protocol.Evaluate, text);
    expect(loss).toBeCloseTo((await session.evaluate(text.text, () => false)).loss, 4);
    const tensors = await engine.connection.sendRequest(protocol.Describe);
    (await session.describe()).forEach(({ norm, delta }, i) => {
      expect(tensors[i].norm).toBeCloseTo(norm, 3);
      expect(tensors[i].delta).toBeCloseTo(delta, 3);
    });
    const path = engines.bench.path('gpu.safetensors');
    await engine.connection.sendRequest(protocol.SaveFastState, { path });
    const weights = await readFastWeights(path, engines.bench.model);
    for (const [name, values] of await engines.bench.weights(session)) {
      // Windows of the convolution are empty after a training.
      if (values.every(value => value === 0)) expectSameBits(weights.get(name)!, values, name);
      else expect(distance(weights.get(name)!, values), name).toBeLessThan(1e-4);
    }
  });

  test('that is killed is recovered by another one, bit by bit', async () => {
    const first = await onWebgpu();
    const runPath = engines.bench.path('gpu-killed.hoperun');
    const options = { ...TRAIN_OPTIONS, epochs: 1000 };
    const training = first.connection.sendRequest(
      protocol.Train,
      trainRequest({ text: TEXT, options, runPath }),
    );
    const rejected = expect(training).rejects.toThrow();
    await first.arrived(3);
    await first.kill();
    first.connection.dispose();
    await rejected;
    const reader = RunReader.open(runPath);
    const recorded = reader.updatesCount;
    for (const update of first.updates) {
      expectSameBits(reader.update(update.index).metrics, update.metrics, `update ${update.index}`);
    }
    reader.close();
    const second = await onWebgpu();
    const { updates } = await second.connection.sendRequest(protocol.Recover, { runPath });
    expect(updates).toBe(recorded);
  });
});
