import type { MessageConnection } from 'vscode-jsonrpc';
import * as protocol from '../protocol/requests.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import { openBackend } from '../tensor/backend.ts';
import { answersOn } from './answers.ts';
import { EngineError } from './engineError.ts';
import { FramePublisher } from './framePublisher.ts';
import { handleIntrospection } from './introspectHandlers.ts';
import { handleRuns } from './runHandlers.ts';
import { Session } from './session.ts';

/** Answers the requests of one host. Every refusal carries a code and what the user can do. */
export function handleRequests(connection: MessageConnection, engineVersion: string): void {
  let session: Session | undefined;
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

  on(protocol.Initialize, async ({ protocolVersion, backend }: protocol.InitializeParams) => {
    if (protocolVersion !== PROTOCOL_VERSION) {
      const message = `The engine speaks protocol ${PROTOCOL_VERSION}, the extension ${protocolVersion}.`;
      throw new EngineError('version', message, 'Reload the window, or install the extension again.');
    }
    if (backend !== 'auto' && backend !== 'wasm' && backend !== 'cpu') {
      throw new EngineError('bad-input', `There is no backend "${backend}".`, 'Choose auto, wasm or cpu.');
    }
    const { name, refused } = await openBackend(backend);
    session ??= new Session({ engine: engineVersion, backend: name });
    const { version: node, pid } = process;
    return { protocolVersion, engineVersion, backend: name, refused, node, pid };
  });
  on(protocol.LoadModel, async ({ path }: { path: string }) => {
    const info = await opened().load(path);
    levels = info.levels.length - 1;
    blocks = info.blocks;
    return info;
  });
  on(protocol.Train, async (request: Parameters<Session['train']>[0], token) => {
    const { runId } = request;
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
  on(protocol.Describe, () => opened().describe());
  on(protocol.Recover, ({ runPath }: { runPath: string }) => opened().recover(runPath));
  handleRuns(on, connection, opened);
  handleIntrospection(on, connection, opened);
  connection.onNotification(protocol.FrameSeen, ({ runId }) => running.get(runId)?.publisher.seen());
}
