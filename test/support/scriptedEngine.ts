// A child process that speaks the engine's protocol by a script named in SCRIPT, for tests of the client.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
} from 'vscode-jsonrpc/node';
import { encodeFrame } from '../../engine/protocol/frame.ts';
import { METRICS } from '../../engine/protocol/metric.ts';
import type { ModelInfo } from '../../engine/protocol/model.ts';
import * as protocol from '../../engine/protocol/requests.ts';
import { SeekRun } from '../../engine/protocol/runRequests.ts';
import type { TrainResult } from '../../engine/protocol/training.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';

const script = process.env.SCRIPT ?? '';
const does = (name: string) => script.split(' ').includes(name);
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
const refuse = (code: protocol.EngineErrorCode, message: string, remedy?: string) =>
  new ResponseError<protocol.EngineErrorData>(1, message, { code, remedy });
let model: ModelInfo | undefined;
let updates = 0;
let seen = 0;
let cancelled = false;

connection.onRequest(protocol.Initialize, async ({ backend }) => {
  if (does('silent')) return new Promise(() => undefined);
  if (does('garbage'))
    for (const message of ['hello', 7, { jsonrpc: '2.0' }, { secret: 'user text' }]) process.send?.(message);
  if (does('nonsense')) return 'hello' as unknown as protocol.InitializeResult;
  if (does('fails')) process.exit(3);
  return {
    protocolVersion: does('version') ? PROTOCOL_VERSION + 1 : PROTOCOL_VERSION,
    engineVersion: '0.0.0',
    backend: backend as protocol.InitializeResult['backend'],
    label: backend,
    refused: [],
    node: process.version,
    pid: process.pid,
  };
});
connection.onRequest(protocol.LoadModel, ({ path }) => {
  if (path === 'damaged') {
    return refuse('bad-model', 'damaged/model.safetensors ends early.', 'Download it again.');
  }
  updates = 0;
  model = {
    ...{ name: path, path, blocks: 1, width: 4, heads: 1, vocabulary: 8, parameters: 9, tick: 2, updates },
    levels: [
      { id: 'memory', period: 2 },
      { id: 'outer', period: 0 },
    ],
  };
  return model;
});
connection.onRequest(protocol.Train, async request => {
  if (!model) return refuse('no-model', 'No model is loaded.');
  cancelled = false;
  const { runId } = request;
  void connection.sendNotification(protocol.Tokens, {
    runId,
    first: 0,
    starts: Uint32Array.from([0, 1]),
    ends: Uint32Array.from([1, 2]),
  });
  const total = request.options.epochs;
  for (let index = 0; index < total && !cancelled; index++) {
    await sleep(does('slow') ? 30 : 1);
    updates += 1;
    if (request.runPath) writeFileSync(request.runPath, String(updates));
    const metrics = new Float32Array(METRICS.length).fill(1);
    const update = { index, position: index * 2, loss: 1, surprise: Float32Array.from([1, 2]), metrics };
    await connection.sendNotification(protocol.UpdateFrame, encodeFrame(runId, 1, 1, [update]));
    await connection.sendProgress(protocol.Progress, runId, {
      position: index * 2 + 2,
      total: total * 2,
      tokensPerSecond: 9,
    });
    if (does('dies') && index === 2) process.kill(process.pid, 'SIGKILL');
  }
  const result: TrainResult = {
    ...{ runId, status: cancelled ? 'cancelled' : 'finished', tokens: 2, positions: total * 2 },
    ...{ updates: total, seconds: 1, surpriseFirst: 2, surpriseLast: 1, levels: [], probes: [] },
  };
  return result;
});
connection.onRequest(protocol.Cancel, async () => {
  if (does('deaf')) await new Promise(() => undefined);
  cancelled = true;
  return { stopped: true };
});
connection.onRequest(protocol.ScoreProbes, async ({ probes }, token) => {
  // A token that was cancelled before it got here tells no listener.
  if (does('hangs') && !token.isCancellationRequested) {
    await new Promise<void>(resolve => token.onCancellationRequested(() => resolve()));
  }
  if (does('frozen')) await new Promise(() => undefined);
  if (does('tells'))
    return probes.map(() => ({ probability: 0, rank: updates, meanLogProbability: 0, tokens: 1 }));
  return probes.map(() => ({ probability: seen, rank: 1, meanLogProbability: 0, tokens: 1 }));
});
connection.onRequest(protocol.ResetMemory, () => {
  updates = 0;
  return { ...model!, updates };
});
connection.onRequest(protocol.Recover, ({ runPath }) => {
  if (!existsSync(runPath)) return refuse('io', `${runPath} does not exist.`);
  updates = Number(readFileSync(runPath, 'utf8'));
  return { updates, recomputed: 0 };
});
connection.onRequest(SeekRun, ({ path, updates: to }) => {
  if (!existsSync(path)) return refuse('io', `${path} does not exist.`);
  updates = to;
  return { updates, position: 2 * to, recomputed: 0, seconds: 0 };
});
connection.onRequest(protocol.Describe, () => []);
connection.onNotification(protocol.FrameSeen, ({ next }) => {
  seen = next;
});
connection.listen();

if (!does('mute')) {
  setInterval(
    () => void connection.sendNotification(protocol.Heartbeat, { residentBytes: 1, tensors: 0 }),
    10,
  );
}
if (does('stubborn')) setInterval(() => undefined, 1000);
else process.on('disconnect', () => process.exit());
