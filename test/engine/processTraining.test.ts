import { cp } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import * as protocol from '../../engine/protocol/requests.ts';
import { type FrameAnswer, refusalOf } from '../support/forkedEngine.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';
import { TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
const PROBE = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };
/** More than any test waits for; every test that trains on it cancels. */
const LONG = { text: TINY_TEXT.repeat(20), options: { ...TRAIN_OPTIONS, epochs: 1000 } };

describe('a training', () => {
  test.each<[string, FrameAnswer]>([
    ['at once', 0],
    ['late', 150],
    ['never', 'never'],
  ])('sends every update once and in order when frames are acknowledged %s', async (_, answer) => {
    const engine = await engines.opened(answer);
    const request = trainRequest({ options: { ...TRAIN_OPTIONS, epochs: 6 }, probes: [PROBE] });
    const progress = engine.progress(request.runId);
    const result = await engine.connection.sendRequest(protocol.Train, request);
    // Before the answer, so that a host that has the answer has everything.
    expect(engine.updates.map(({ index }) => index)).toEqual(
      Array.from({ length: result.updates }, (__, i) => i),
    );
    expect(result.updates).toBeGreaterThan(300);
    expect(engine.updates.at(-1)!.position + engine.updates.at(-1)!.surprise.length).toBe(result.positions);
    expect(engine.frames.every(({ runId }) => runId === request.runId)).toBe(true);
    expect(engine.frames.every(({ data }) => data instanceof ArrayBuffer)).toBe(true);
    if (answer === 'never') expect(engine.frames.length).toBe(2);
    const tokens = engine.spans.reduce((sum, { starts }) => sum + starts.length, 0);
    expect(engine.spans[0].starts).toBeInstanceOf(Uint32Array);
    expect(tokens).toBe(result.tokens);
    expect(result.probes[0].after.probability).toBeGreaterThan(result.probes[0].before.probability);
    expect(progress.map(({ position }) => position)).toEqual(
      progress.map(p => p.position).toSorted((a, b) => a - b),
    );
    for (const { position, total, tokensPerSecond } of progress) {
      expect(position).toBeLessThanOrEqual(result.positions);
      expect(total).toBe(result.positions);
      expect(tokensPerSecond).toBeGreaterThan(0);
    }
  });

  test('is the same in the bundle as from the sources', async () => {
    const engine = await engines.opened();
    await engine.connection.sendRequest(protocol.Train, trainRequest());
    const session = await engines.bench.session();
    const losses: number[] = [];
    await session.train(trainRequest(), {
      cancelled: () => false,
      onTokens: () => {},
      onUpdate: async ({ loss }) => {
        losses.push(Math.fround(loss));
      },
      onProgress: () => {},
    });
    expect(engine.updates.map(({ loss }) => loss)).toEqual(losses);
  });

  test('is stopped by a cancel request', async () => {
    const engine = await engines.opened();
    const request = trainRequest(LONG);
    const training = engine.connection.sendRequest(protocol.Train, request);
    await engine.arrived(20);
    expect(await engine.connection.sendRequest(protocol.Cancel, { runId: 'another' })).toEqual({
      stopped: false,
    });
    expect(await engine.connection.sendRequest(protocol.Cancel, request)).toEqual({ stopped: true });
    const result = await training;
    expect(result.status).toBe('cancelled');
    expect(engine.updates.length).toBe(result.updates);
    expect(result.positions).toBe(4 * result.updates);
    expect(await engine.connection.sendRequest(protocol.Cancel, request)).toEqual({ stopped: false });
    // It can be trained again at once.
    const next = await engine.connection.sendRequest(protocol.Train, trainRequest());
    expect(next.status).toBe('finished');
  });

  test('is stopped by its cancellation token', async () => {
    const engine = await engines.opened();
    const source = new CancellationTokenSource();
    const training = engine.connection.sendRequest(protocol.Train, trainRequest(LONG), source.token);
    await engine.arrived(20);
    source.cancel();
    const result = await training;
    expect(result.status).toBe('cancelled');
    expect(engine.updates.length).toBe(result.updates);
  });

  test.each(['request', 'token'] as const)(
    'that waits for a host which acknowledges nothing is stopped by a cancel %s',
    async way => {
      const engine = await engines.opened('never');
      // A smaller model still, for there are thousands of updates.
      const small = engines.bench.path('small');
      const cms = { periods: [16], hidden_multiplier: 1 };
      await makeTinyModel(small, { config: { width: 8, heads: 1, blocks: 1, cms, learning_rates: {} } });
      await engine.load(small);
      const source = new CancellationTokenSource();
      const request = trainRequest({ ...LONG, options: { ...LONG.options, telemetry: false } });
      const progress = engine.progress(request.runId);
      const training = engine.connection.sendRequest(protocol.Train, request, source.token);
      // It pauses when so many updates wait for the host.
      await engine.until(() => (progress.at(-1)?.position ?? 0) > 4 * 1000);
      for (let reports = 0; reports < progress.length; ) {
        reports = progress.length;
        const beats = engine.heartbeats.length;
        await engine.until(() => engine.heartbeats.length > beats + 1);
      }
      expect(progress.at(-1)!.position).toBeLessThan(4 * 3000);
      if (way === 'token') source.cancel();
      else await engine.connection.sendRequest(protocol.Cancel, request);
      const result = await training;
      expect(result.status).toBe('cancelled');
      expect(engine.updates.length).toBe(result.updates);
    },
  );

  test('refuses a second one, even of the same name, and goes on', async () => {
    const engine = await engines.opened();
    const request = trainRequest(LONG);
    const training = engine.connection.sendRequest(protocol.Train, request);
    await engine.arrived(10);
    for (const second of [trainRequest(), request]) {
      const { code, message, remedy } = await refusalOf(
        engine.connection.sendRequest(protocol.Train, second),
      );
      expect(code).toBe('busy');
      expect(message).toMatch(/second training/);
      expect(remedy).toBeTruthy();
    }
    const so = engine.updates.length;
    await engine.arrived(so + 10);
    expect(await engine.connection.sendRequest(protocol.Cancel, request)).toEqual({ stopped: true });
    const result = await training;
    expect(engine.updates.map(({ index }) => index)).toEqual(engine.updates.map((_, i) => i));
    expect(engine.updates.length).toBe(result.updates);
  });

  test('lets probes be scored meanwhile, on the weights of the moment', async () => {
    const engine = await engines.opened();
    const { connection } = engine;
    const probe = async () => (await connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] }))[0];
    const before = await probe();
    const request = trainRequest(LONG);
    const training = connection.sendRequest(protocol.Train, request);
    await engine.arrived(200);
    const during = await probe();
    expect(during.probability).toBeGreaterThan(before.probability);
    await connection.sendRequest(protocol.Cancel, request);
    await training;
    await connection.sendRequest(protocol.ResetMemory);
    expect(await probe()).toEqual(before);
  });

  test('that is refused says why and leaves the engine free', async () => {
    const engine = await engines.opened();
    const { connection } = engine;
    for (const changes of [{ text: '  \n' }, { options: { ...TRAIN_OPTIONS, epochs: -1 } }]) {
      const refused = await refusalOf(connection.sendRequest(protocol.Train, trainRequest(changes)));
      expect(refused.code).toBe('bad-input');
    }
    const taken = engines.bench.path('a-folder-is-no-run');
    await cp(engines.bench.model, taken, { recursive: true });
    const refused = await refusalOf(connection.sendRequest(protocol.Train, trainRequest({ runPath: taken })));
    expect(refused.code).toBe('io');
    expect(refused.message).toContain(taken);
    expect(engine.updates).toEqual([]);
    expect((await connection.sendRequest(protocol.Train, trainRequest())).status).toBe('finished');
  });

  test('with parameters that make no sense is refused, and the engine lives on', async () => {
    const engine = await engines.opened();
    for (const params of [null, 7, {}, { runId: 1, text: 2, options: null }, [1, 2]]) {
      await expect(engine.connection.sendRequest('train', params)).rejects.toThrow();
      await expect(engine.connection.sendRequest('loadModel', params)).rejects.toThrow();
    }
    await expect(engine.connection.sendRequest('nonsense', {})).rejects.toThrow(/nonsense/);
    expect((await engine.connection.sendRequest(protocol.Train, trainRequest())).status).toBe('finished');
  });
});
