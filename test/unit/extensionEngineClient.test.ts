import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { decodeFrame, type TrainRequest, type Update } from '../../engine/protocol/index.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';
import { EngineClient } from '../../extension/engine/engineClient.ts';
import type { EngineReturn, TrainListener } from '../../extension/engine/engineEvents.ts';
import { EngineFailure } from '../../extension/engine/engineFailure.ts';
import { ENGINE_TIMES, type EngineTimes } from '../../extension/engine/engineTimes.ts';

const modulePath = fileURLToPath(new URL('../support/scriptedEngine.ts', import.meta.url));
const never = new CancellationTokenSource().token;
const clients: EngineClient[] = [];
let folder: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-'));
  lines = [];
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.stop()));
  rmSync(folder, { recursive: true });
});

function client(script: string, times: Partial<EngineTimes> = {}, execPath = process.execPath): EngineClient {
  const write = (text: string) => void lines.push(text);
  const made = new EngineClient(
    () => ({ modulePath, execPath, env: { ...process.env, SCRIPT: script }, backend: 'cpu' }),
    { debug: write, info: write, warn: write, error: write },
    { ...ENGINE_TIMES, grace: 200, ...times },
  );
  clients.push(made);
  return made;
}

function request(epochs: number, runId = 'run'): TrainRequest {
  const options = { epochs, learningRates: {}, partialChunk: 'flush', telemetry: true } as const;
  return { runId, text: 'ab', title: 'text', options, probes: [], runPath: join(folder, runId) };
}

function listener(): TrainListener & { updates: Update[]; positions: number[]; tokensSeen: number } {
  const heard = {
    updates: [] as Update[],
    positions: [] as number[],
    tokensSeen: 0,
    tokens: ({ starts }: { starts: Uint32Array }) => {
      heard.tokensSeen += starts.length;
    },
    frame: (frame: Parameters<TrainListener['frame']>[0]) => void heard.updates.push(...decodeFrame(frame)),
    progress: ({ position }: { position: number }) => void heard.positions.push(position),
  };
  return heard;
}

const failure = async (promise: Promise<unknown>): Promise<EngineFailure> => {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineFailure);
  return error as EngineFailure;
};
const next = <T>(event: (listener: (value: T) => void) => unknown) =>
  new Promise<T>(resolve => event(resolve));

describe('EngineClient', () => {
  it('starts nothing before the first request', async () => {
    const engine = client('');
    expect(engine.running).toBe(false);
    const [info] = await Promise.all([next(engine.onDidStart), engine.loadModel('a')]);
    expect(info.backend).toBe('cpu');
    expect(engine.running).toBe(true);
    expect(engine.model).toMatchObject({ name: 'a', updates: 0 });
  });

  it('starts one engine for requests made at once', async () => {
    const engine = client('');
    let starts = 0;
    engine.onDidStart(() => void starts++);
    await Promise.all([engine.start(), engine.start(), engine.loadModel('a')]);
    expect(starts).toBe(1);
  });

  it('refuses an engine of another protocol version', async () => {
    const { code, text } = await failure(client('version').start());
    expect(code).toBe('version');
    expect(text).toContain(
      `version ${PROTOCOL_VERSION + 1}, the extension version ${PROTOCOL_VERSION}. Reload the window`,
    );
  });

  it('says so when the engine ends before it answers, and names the Node it used', async () => {
    const { code, message } = await failure(client('fails').start());
    expect(code).toBe('start');
    expect(message).toContain('exit code 3');
    expect(message).toContain(process.execPath);
  });

  it('says so when the Node is not there', async () => {
    const { code, text } = await failure(client('', {}, '/no/such/node').start());
    expect(code).toBe('start');
    expect(text).toContain('ENOENT');
    expect(text).toContain('hopescope.engine.nodePath');
  });

  it('gives up on an engine that does not answer the handshake', async () => {
    const { code, message } = await failure(client('silent', { initialize: 400 }).start());
    expect(code).toBe('start');
    expect(message).toContain('did not answer “initialize”');
  });

  it('refuses a handshake that makes no sense', async () => {
    expect((await failure(client('nonsense').start())).code).toBe('version');
  });

  it('survives messages that are none, and keeps them out of the log', async () => {
    const engine = client('garbage');
    await expect(engine.loadModel('a')).resolves.toMatchObject({ name: 'a' });
    expect(lines.some(line => line.includes('neither a response nor a notification'))).toBe(true);
    expect(lines.join('\n')).not.toContain('user text');
  });

  it('passes on a refusal with its remedy and keeps the model before', async () => {
    const engine = client('');
    await engine.loadModel('a');
    const { code, text } = await failure(engine.loadModel('damaged'));
    expect(code).toBe('bad-model');
    expect(text).toBe('damaged/model.safetensors ends early. Download it again.');
    expect(engine.modelPath).toBe('a');
  });

  it('hands over tokens, updates and progress of a training, and acknowledges frames', async () => {
    const engine = client('');
    await engine.loadModel('a');
    const heard = listener();
    const result = await engine.train(request(5), heard, never);
    expect(result.status).toBe('finished');
    expect(heard.tokensSeen).toBe(2);
    expect(heard.updates.map(update => update.index)).toEqual([0, 1, 2, 3, 4]);
    expect(heard.positions).toEqual([2, 4, 6, 8, 10]);
    expect(engine.model?.updates).toBe(5);
    const [seen] = await engine.scoreProbes([{ prompt: 'a', answer: 'b' }]);
    expect(seen.probability).toBe(5);
  });

  it('logs what a listener throws and goes on', async () => {
    const engine = client('');
    await engine.loadModel('a');
    const heard = {
      ...listener(),
      frame: () => {
        throw new Error('broken view');
      },
    };
    await expect(engine.train(request(2), heard, never)).resolves.toMatchObject({ updates: 2 });
    expect(lines.filter(line => line.includes('broken view'))).toHaveLength(2);
  });

  it('stops a training when its token is cancelled', async () => {
    const engine = client('slow');
    await engine.loadModel('a');
    const source = new CancellationTokenSource();
    const heard = listener();
    heard.progress = () => source.cancel();
    await expect(engine.train(request(100_000), heard, source.token)).resolves.toMatchObject({
      status: 'cancelled',
    });
    expect(engine.running).toBe(true);
  });

  it('kills an engine that does not stop when asked to, and starts it again', async () => {
    const engine = client('slow deaf', { grace: 50 });
    await engine.loadModel('a');
    const source = new CancellationTokenSource();
    const heard = listener();
    heard.progress = () => source.cancel();
    const returned = next(engine.onDidReturn);
    const { code } = await failure(engine.train(request(100_000), heard, source.token));
    expect(code).toBe('stopped');
    expect((await returned).cause).toBe('it did not stop when asked to');
  });

  it('times out on one request and stays usable', async () => {
    const engine = client('frozen', { request: 2_000 });
    await engine.loadModel('a');
    expect((await failure(engine.scoreProbes([]))).code).toBe('timeout');
    await expect(engine.describe()).resolves.toEqual([]);
  });

  it.each(['hangs', 'frozen'])('gives a cancelled request back when the engine %s', async script => {
    const engine = client(script, { grace: script === 'hangs' ? 60_000 : 100 });
    await engine.loadModel('a');
    const source = new CancellationTokenSource();
    const asked = engine.scoreProbes([], source.token);
    await new Promise(setImmediate);
    source.cancel();
    if (script === 'hangs') await expect(asked).resolves.toEqual([]);
    else expect((await failure(asked)).code).toBe('cancelled');
  });

  it('kills an engine without heartbeat', async () => {
    const engine = client('mute', { beat: 10, missedBeats: 15 });
    const cause = next(engine.onDidStop);
    await engine.start();
    expect(await cause).toMatch(/^no heartbeat for/);
  });

  it('restarts an engine that was killed in a training and recovers its memory', async () => {
    const engine = client('dies');
    await engine.loadModel('a');
    const returned = next<EngineReturn>(engine.onDidReturn);
    const heard = listener();
    const { code, message } = await failure(engine.train(request(9), heard, never));
    expect(code).toBe('stopped');
    expect(message).toContain('signal SIGKILL');
    expect(heard.updates).toHaveLength(3);
    expect(await returned).toMatchObject({ cause: 'signal SIGKILL', restored: { updates: 3 } });
    expect(engine.model).toMatchObject({ name: 'a', updates: 3 });
  });

  it('goes back to the run before when the newest has no file yet', async () => {
    const engine = client('');
    await engine.loadModel('a');
    await engine.train(request(2, 'first'), listener(), never);
    await engine.train(request(1, 'second'), listener(), never);
    rmSync(join(folder, 'second'));
    await expect(engine.restart()).resolves.toMatchObject({ updates: 2 });
  });

  it('goes back to the update that the memory had been put to', async () => {
    const engine = client('tells');
    const held = async () => (await engine.scoreProbes([{ prompt: 'a', answer: 'b' }]))[0].rank;
    await engine.loadModel('a');
    await engine.train(request(5), listener(), never);
    const place = { path: join(folder, 'run'), updates: 3 };
    await engine.seekRun(place.path, place.updates);
    await expect(engine.restart()).resolves.toMatchObject({ place });
    expect(await held()).toBe(3);
    await engine.train(request(2, 'next'), listener(), never);
    expect((await engine.restart()).place).toBeUndefined();
    expect(await held()).toBe(5);
  });

  it('says so when the memory could not go where it had been put', async () => {
    const engine = client('');
    await engine.loadModel('a');
    await engine.train(request(2), listener(), never);
    await engine.train(request(4, 'other'), listener(), never);
    await engine.seekRun(join(folder, 'other'), 3);
    rmSync(join(folder, 'other'));
    const { updates, place, problem } = await engine.restart();
    expect([updates, place]).toEqual([2, undefined]);
    expect(problem).toMatch(/^It was at update 3 of a run, not at the last one\. .*does not exist/);
  });

  it('puts nothing back after the memory was reset', async () => {
    const engine = client('');
    await engine.loadModel('a');
    await engine.train(request(2), listener(), never);
    await engine.resetMemory();
    await expect(engine.restart()).resolves.toMatchObject({ updates: 0, problem: undefined });
    expect(engine.model?.updates).toBe(0);
  });

  it('says so when the memory could not be put back', async () => {
    const engine = client('');
    await engine.loadModel('a');
    await engine.train(request(2), listener(), never);
    rmSync(join(folder, 'run'));
    const { updates, problem } = await engine.restart();
    expect(updates).toBe(0);
    expect(problem).toContain('does not exist');
  });

  it('gives up after three restarts in a minute and starts again when asked', async () => {
    const engine = client('mute', { beat: 5, missedBeats: 2 });
    const ends: EngineReturn[] = [];
    const gaveUp = new Promise<void>(resolve =>
      engine.onDidReturn(end => {
        ends.push(end);
        if (!end.restored) resolve();
      }),
    );
    await engine.start();
    await gaveUp;
    expect(ends.map(end => end.restored !== undefined)).toEqual([true, true, true, false]);
    await expect(engine.start()).resolves.toBeUndefined();
  }, 30_000);

  it('kills an engine that does not leave', async () => {
    const engine = client('stubborn', { grace: 50 });
    let pid = 0;
    engine.onDidStart(info => {
      pid = info.pid;
    });
    await engine.start();
    await engine.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
