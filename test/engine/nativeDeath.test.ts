import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import type { BackendName } from '../../engine/protocol/backend.ts';
import { decodeFrame } from '../../engine/protocol/frame.ts';
import type { InitializeResult } from '../../engine/protocol/requests.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { RunReader } from '../../engine/run/index.ts';
import { EngineClient } from '../../extension/engine/engineClient.ts';
import type { EngineReturn } from '../../extension/engine/engineEvents.ts';
import { returnText } from '../../extension/engine/returnText.ts';
import { brokenNative } from '../support/brokenNative.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { Bench, trainRequest } from '../support/tinySession.ts';

const modulePath = fileURLToPath(new URL('../../dist/engine.cjs', import.meta.url));
const never = new CancellationTokenSource().token;

/** The extension's own client with real engine processes. */
class Watched {
  readonly starts: InitializeResult[] = [];
  readonly updates: Update[] = [];
  readonly lines: string[] = [];
  readonly client: EngineClient;
  #waiting: (() => void)[] = [];

  constructor(folder: string | undefined, backend: BackendName, bench: Bench) {
    const write = (text: string) => void this.lines.push(text);
    const { model, folder: storage } = bench;
    const command = { modulePath, execPath: process.execPath, env: process.env, storage, model };
    this.client = new EngineClient(() => ({ ...command, backend, nativeFolder: folder }), {
      ...{ debug: () => {}, info: write, warn: write, error: write },
    });
    this.client.onDidStart(info => void this.starts.push(info));
  }

  /** Trains until so many updates have come, then ends the engine by a signal; answers when another one is back. */
  async killWhileTraining(runPath: string, signal: NodeJS.Signals): Promise<EngineReturn> {
    const returned = new Promise<EngineReturn>(resolve => this.client.onDidReturn(resolve));
    const options = { ...trainRequest().options, epochs: 500 };
    this.updates.length = 0;
    const arrived = new Promise<void>(resolve => this.#waiting.push(resolve));
    const training = this.client.train(
      trainRequest({ runPath, options }),
      {
        tokens: () => {},
        progress: () => {},
        frame: frame => {
          this.updates.push(...decodeFrame(frame));
          if (this.updates.length >= 10) for (const each of this.#waiting.splice(0)) each();
        },
      },
      never,
    );
    const rejected = expect(training).rejects.toMatchObject({ code: 'stopped' });
    await arrived;
    process.kill(this.starts.at(-1)!.pid, signal);
    await rejected;
    return returned;
  }
}

test('a backend that ends its engine while it is opened is dropped, and the next one opened', async () => {
  const bench = await Bench.make();
  const folder = brokenNative(bench.path('native'), `process.kill(process.pid, 'SIGSEGV')`);
  const { client, starts, lines } = new Watched(folder, 'tensorflow', bench);
  try {
    await client.loadModel(bench.model);
    const reason = 'it ended its engine while it was opened (signal SIGSEGV)';
    expect(starts).toMatchObject([{ backend: 'wasm', refused: [`TensorFlow: ${reason}`] }]);
    expect(lines).toContain(`The tensorflow backend is not used any more: ${reason}`);
    await client.restart();
    expect(starts[1]).toMatchObject({ backend: 'wasm' });
  } finally {
    await client.stop();
    bench.dispose();
  }
});

describe.skipIf(!native.folder)(`an engine that dies on ${nativeTitle}`, () => {
  let bench: Bench;
  const watched: Watched[] = [];
  const start = async (backend: BackendName): Promise<Watched> => {
    const made = new Watched(native.folder, backend, bench);
    watched.push(made);
    await made.client.loadModel(bench.model);
    return made;
  };
  beforeAll(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    for (const { client } of watched.splice(0)) await client.stop();
  });
  afterAll(() => bench.dispose());

  test('by a crash of native code goes on with the next backend from its last update, and says so', async () => {
    const { client, starts, updates, ...rest } = await start('tensorflow');
    expect(starts[0]).toMatchObject({ backend: 'tensorflow', label: 'TensorFlow CPU' });
    const runPath = bench.path('crashed.hoperun');
    const end = await watched[0].killWhileTraining(runPath, 'SIGSEGV');
    expect(end.dropped).toEqual({ name: 'tensorflow', reason: 'its engine stopped (signal SIGSEGV)' });
    expect(starts[1]).toMatchObject({
      backend: 'wasm',
      refused: ['TensorFlow: its engine stopped (signal SIGSEGV)'],
    });
    const reader = RunReader.open(runPath);
    const { updatesCount } = reader;
    reader.close();
    expect(updatesCount).toBeGreaterThanOrEqual(updates.length);
    expect(end.restored).toMatchObject({ updates: updatesCount });
    expect(returnText(end)).toBe(
      'The Hopescope engine stopped (signal SIGSEGV). TensorFlow is not used any more; wasm took its place. ' +
        `It was restarted; the memory is back at update ${updatesCount}.`,
    );
    expect(rest.lines.join('\n')).toContain('The tensorflow backend is not used any more');
    const quiet = { tokens: () => {}, progress: () => {}, frame: () => {} };
    expect((await client.train(trainRequest(), quiet, never)).status).toBe('finished');
    expect(client.model!.updates).toBeGreaterThan(updatesCount);
  });

  test('for a reason outside the backend stays on it once, and leaves it the second time', async () => {
    const { starts } = await start('tensorflow');
    const first = await watched[0].killWhileTraining(bench.path('killed-1.hoperun'), 'SIGKILL');
    expect(first).toMatchObject({ dropped: undefined, backend: 'TensorFlow CPU' });
    const reader = RunReader.open(bench.path('killed-1.hoperun'));
    expect(first.restored!.updates).toBe(reader.updatesCount);
    reader.close();
    const second = await watched[0].killWhileTraining(bench.path('killed-2.hoperun'), 'SIGKILL');
    expect(second.dropped?.reason).toBe('its engine stopped (signal SIGKILL, 2 times)');
    expect(starts.map(({ label }) => label)).toEqual(['TensorFlow CPU', 'TensorFlow CPU', 'wasm']);
    expect(second.restored!.updates).toBeGreaterThan(0);
  });
});
