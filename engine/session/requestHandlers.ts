import type { MessageConnection } from 'vscode-jsonrpc';
import { chooseBackend } from '../choice/chooseBackend.ts';
import { addLevels } from '../pretrained/addLevels.ts';
import { BACKEND_PREFERENCES, type BackendName } from '../protocol/backend.ts';
import * as protocol from '../protocol/requests.ts';
import { MOST_THREADS, threadCount } from '../protocol/threads.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import { answersOn } from './answers.ts';
import { EngineError } from './engineError.ts';
import { FramePublisher } from './framePublisher.ts';
import { handleIntrospection } from './introspectHandlers.ts';
import { Measuring } from './measuring.ts';
import { handleRuns } from './runHandlers.ts';
import { Session } from './session.ts';

/** From opening the wasm backend to the test of several cores, in milliseconds: a first training is under way by then. */
const CORES_TESTED_AFTER = 2000;

/** Answers the requests of one host. Every refusal carries a code and what the user can do. */
export function handleRequests(connection: MessageConnection, engineVersion: string): void {
  let session: Session | undefined;
  let measuring: Measuring | undefined;
  let levels = 0;
  let blocks = 0;
  const running = new Map<
    string,
    { publisher: FramePublisher; cancelled: boolean; ended: Promise<unknown> }
  >();
  const opened = (): Session => {
    if (session) return session;
    throw new EngineError('not-initialized', 'The engine was not initialized.', 'Restart the engine.');
  };
  const on = answersOn(connection);

  on(protocol.Initialize, async (start: protocol.InitializeParams) => {
    const { protocolVersion, backend, storage, nativeFolder, threads: asked = 1 } = start;
    if (protocolVersion !== PROTOCOL_VERSION) {
      const message = `The engine speaks protocol ${PROTOCOL_VERSION}, the extension ${protocolVersion}.`;
      throw new EngineError('version', message, 'Reload the window, or install the extension again.');
    }
    const preference = BACKEND_PREFERENCES.find(name => name === backend);
    if (!preference) {
      const remedy = `Choose ${BACKEND_PREFERENCES.join(', ')}.`;
      throw new EngineError('bad-input', `There is no backend "${backend}".`, remedy);
    }
    const threads = threadCount(asked);
    if (threads === undefined) {
      const remedy = `Choose "auto" or a whole number from 1 to ${MOST_THREADS}.`;
      throw new EngineError('bad-input', `Kernels cannot compute on "${asked}" cores.`, remedy);
    }
    const options = { nativeFolder, threads };
    const onNote = (text: string) => void connection.sendNotification(protocol.Log, { level: 'info', text });
    const onOpening = (name: BackendName) => connection.sendNotification(protocol.OpeningBackend, { name });
    const opening = { ...options, testAfter: CORES_TESTED_AFTER, onNote };
    const choice = { ...start, preference, engineVersion, options: opening, onOpening };
    const { opened, verdict } = await chooseBackend(choice).catch(({ message }: Error) => {
      const remedy = 'Choose another in the setting hopescope.engine.backend.';
      throw new EngineError('bad-backend', message, remedy);
    });
    const { name, label, refused } = opened;
    session ??= new Session({ engine: engineVersion, backend: label });
    measuring = new Measuring(storage, engineVersion, options);
    const { version: node, pid } = process;
    return { protocolVersion, engineVersion, backend: name, label, refused, verdict, node, pid };
  });
  on(protocol.LoadModel, async ({ path }: { path: string }) => {
    const info = await opened().load(path);
    levels = info.levels.length - 1;
    blocks = info.blocks;
    return info;
  });
  on(protocol.MeasureBackends, (params: protocol.MeasureParams, token) => {
    const { measurable } = opened();
    return measuring!.measure(measurable, params, token);
  });
  on(protocol.Train, async (request: Parameters<Session['train']>[0], token) => {
    const { runId } = request;
    measuring?.stop();
    const publisher = new FramePublisher(runId, blocks, levels, frame => {
      void connection.sendNotification(protocol.UpdateFrame, frame);
    });
    const run = { publisher, cancelled: false, ended: Promise.resolve() as Promise<unknown> };
    const training = opened().train(request, {
      cancelled: () => run.cancelled || token.isCancellationRequested,
      onTokens: spans => void connection.sendNotification(protocol.Tokens, spans),
      onUpdate: update => publisher.push(update),
      onProgress: progress => void connection.sendProgress(protocol.Progress, runId, progress),
    });
    run.ended = training.catch(() => undefined);
    // A second training of the same name is refused and must not take the place of the first.
    if (!running.has(runId)) running.set(runId, run);
    const asked = token.onCancellationRequested(() => publisher.release());
    try {
      return await training;
    } finally {
      if (running.get(runId) === run) running.delete(runId);
      asked.dispose();
      publisher.finish();
    }
  });
  on(protocol.Cancel, async ({ runId }: { runId: string }) => {
    const run = running.get(runId);
    if (!run) return { stopped: false };
    run.cancelled = true;
    run.publisher.release();
    await run.ended;
    return { stopped: true };
  });
  on(protocol.ScoreProbes, ({ probes }: { probes: Parameters<Session['probe']>[0] }) =>
    opened().probe(probes),
  );
  on(protocol.Evaluate, ({ text }: { text: string }, token) =>
    opened().evaluate(text, () => token.isCancellationRequested),
  );
  on(protocol.ResetMemory, () => opened().reset());
  on(protocol.SaveFastState, ({ path }: { path: string }) => opened().saveFastState(path));
  on(protocol.LoadFastState, ({ path }: { path: string }) => opened().loadFastState(path));
  on(protocol.AddLevels, async (params: protocol.AddLevelsParams, token) => {
    await addLevels({ ...params, cancelled: () => token.isCancellationRequested });
    return { path: params.target };
  });
  on(protocol.Describe, () => opened().describe());
  on(protocol.Recover, ({ runPath }: { runPath: string }) => opened().recover(runPath));
  handleRuns(on, connection, opened);
  handleIntrospection(on, connection, opened);
  connection.onNotification(protocol.FrameSeen, ({ runId }) => running.get(runId)?.publisher.seen());
}
