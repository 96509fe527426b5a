import { cp, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import * as protocol from '../../engine/protocol/requests.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';
import { refusalOf } from '../support/forkedEngine.ts';
import { TINY_TEXT } from '../support/tinyModel.ts';
import { TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
const PROBE = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };
/** More than any test waits for; every test that trains on it cancels. */
const LONG = { text: TINY_TEXT.repeat(20), options: { ...TRAIN_OPTIONS, epochs: 1000 } };

describe('handshake', () => {
  test('says what the engine is', async () => {
    const engine = engines.bare();
    const result = await engine.initialize({ backend: 'auto' });
    expect(result).toMatchObject({ protocolVersion: PROTOCOL_VERSION, backend: 'wasm', refused: [] });
    expect(result.node).toBe(process.version);
    expect(result.pid).toBe(engine.child.pid);
    expect(result.engineVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('of another version is refused, and the right one still welcome', async () => {
    const engine = engines.bare();
    const { code, message, remedy } = await refusalOf(engine.initialize({ protocolVersion: 999 }));
    expect(code).toBe('version');
    expect(message).toContain(String(PROTOCOL_VERSION));
    expect(message).toContain('999');
    expect(remedy).toBeTruthy();
    expect((await refusalOf(engine.load(engines.bench.model))).code).toBe('not-initialized');
    expect((await engine.initialize()).backend).toBe('wasm');
  });

  test('for a backend that is not there is refused', async () => {
    const { code, message } = await refusalOf(engines.bare().initialize({ backend: 'abacus' }));
    expect([code, message]).toEqual(['bad-input', expect.stringContaining('abacus')]);
  });

  test('for a number of cores that cannot be is refused, and "auto" says in the log what it decided', async () => {
    const engine = engines.bare();
    const { code, message, remedy } = await refusalOf(engine.initialize({ threads: 0 }));
    expect([code, message]).toEqual(['bad-input', 'Kernels cannot compute on "0" cores.']);
    expect(remedy).toContain('from 1 to 16');
    const logged = new Promise<string>(resolve => {
      engine.connection.onNotification(protocol.Log, ({ text }) => resolve(text));
    });
    expect((await engine.initialize({ threads: 'auto' })).backend).toBe('wasm');
    expect(await logged).toMatch(/^Kernels compute on (one core|\d+ cores)/);
  });

  test('comes first, a model second', async () => {
    const engine = engines.bare();
    const { connection } = engine;
    const all = () => [
      connection.sendRequest(protocol.Train, trainRequest()),
      connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] }),
      connection.sendRequest(protocol.Evaluate, { text: 'text' }),
      connection.sendRequest(protocol.ResetMemory),
      connection.sendRequest(protocol.Describe),
      connection.sendRequest(protocol.SaveFastState, { path: engines.bench.path('none') }),
      connection.sendRequest(protocol.LoadFastState, { path: engines.bench.path('none') }),
      connection.sendRequest(protocol.Recover, { runPath: engines.bench.path('none') }),
    ];
    for (const request of [...all(), engine.load(engines.bench.model)]) {
      expect((await refusalOf(request)).code).toBe('not-initialized');
    }
    await engine.initialize();
    for (const request of all()) expect((await refusalOf(request)).code).toBe('no-model');
  });
});

describe('a model folder', () => {
  test('that is good is described', async () => {
    const engine = engines.bare();
    await engine.initialize();
    const info = await engine.load(engines.bench.model);
    expect(info).toMatchObject({ name: 'tiny', path: engines.bench.model, blocks: 2, tick: 4, updates: 0 });
    expect(info.levels.map(({ id }) => id)).toContain('cms.2');
    const tensors = await engine.connection.sendRequest(protocol.Describe);
    expect(tensors.find(({ name }) => name === 'embed.weight')?.shape).toEqual([300, 16]);
  });

  test.each<[string, (folder: string) => Promise<void>, string]>([
    ['with a weights file cut short', f => truncate(`${f}/model.safetensors`, 5000), 'model.safetensors'],
    ['with a config that is no JSON', f => writeFile(`${f}/config.json`, '{'), 'config.json'],
    [
      'with a config of something else',
      f => writeFile(`${f}/config.json`, '{"model_type":"gpt"}'),
      'config.json',
    ],
    ['with an empty tokenizer', f => writeFile(`${f}/tokenizer.json`, ''), 'tokenizer.json'],
  ])('%s is refused and the engine lives on', async (name, damage, file) => {
    const engine = await engines.opened();
    const folder = engines.bench.path(name.replaceAll(' ', '-'));
    await cp(engines.bench.model, folder, { recursive: true });
    await damage(folder);
    const { code, message, remedy } = await refusalOf(engine.load(folder));
    expect(code).toBe('bad-model');
    expect(message).toContain(`${folder}/${file}`);
    expect(remedy).toBeTruthy();
    // The model from before is still there.
    expect(await engine.connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] })).toHaveLength(1);
  });
});

test('the fast state is saved, forgotten and loaded again', async () => {
  const engine = await engines.opened();
  const { connection } = engine;
  const changes = async () => (await connection.sendRequest(protocol.Describe)).map(({ delta }) => delta);
  const result = await connection.sendRequest(protocol.Train, trainRequest());
  const trained = await changes();
  expect(trained.some(delta => delta > 0)).toBe(true);
  const path = engines.bench.path('saved.safetensors');
  const { bytes } = await connection.sendRequest(protocol.SaveFastState, { path });
  expect(bytes).toBeGreaterThan(10_000);
  expect((await connection.sendRequest(protocol.ResetMemory)).updates).toBe(0);
  expect((await changes()).every(delta => delta === 0)).toBe(true);
  expect((await connection.sendRequest(protocol.LoadFastState, { path })).updates).toBe(result.updates);
  expect(await changes()).toEqual(trained);
  const gone = engines.bench.path('gone/saved.safetensors');
  expect((await refusalOf(connection.sendRequest(protocol.LoadFastState, { path: gone }))).code).toBe('io');
  const model = `${engines.bench.model}/model.safetensors`;
  const { code } = await refusalOf(connection.sendRequest(protocol.LoadFastState, { path: model }));
  expect(code).toBe('bad-model');
  expect(await changes()).toEqual(trained);
});

test('the heart beats, also during a training', async () => {
  const engine = engines.bare();
  await engine.until(() => engine.heartbeats.length > 0);
  expect(engine.heartbeats[0].tensors).toBe(0);
  await engine.initialize();
  await engine.load(engines.bench.model);
  const request = trainRequest(LONG);
  const training = engine.connection.sendRequest(protocol.Train, request);
  await engine.arrived(1);
  const before = engine.heartbeats.length;
  await engine.until(() => engine.heartbeats.length > before + 2);
  for (const { residentBytes, tensors } of engine.heartbeats.slice(before + 1)) {
    expect(residentBytes).toBeGreaterThan(2 ** 24);
    expect(tensors).toBeGreaterThan(50);
  }
  await engine.connection.sendRequest(protocol.Cancel, request);
  await training;
});

describe('a host that goes away', () => {
  test('takes the engine with it', async () => {
    const engine = engines.bare();
    await engine.initialize();
    engine.child.disconnect();
    expect(await engine.ended).toBe(0);
  });

  test('takes the engine with it in the middle of a training', async () => {
    const engine = await engines.opened();
    const training = engine.connection.sendRequest(protocol.Train, trainRequest(LONG));
    training.catch(() => {});
    await engine.arrived(5);
    engine.child.disconnect();
    expect(await engine.ended).toBe(0);
  });
});
