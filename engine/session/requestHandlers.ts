import {
  type CancellationToken,
  type GenericRequestHandler,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import * as protocol from '../protocol/requests.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import { RunFileError } from '../run/index.ts';
import { BACKEND_PREFERENCES, isBackendPreference, openBackend } from '../tensor/backend.ts';
import { EngineError } from './engineError.ts';
import { FramePublisher } from './framePublisher.ts';
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
  const on = <P, R>(
    type: { method: string },
    handle: (params: P, token: CancellationToken) => R | Promise<R>,
  ) => {
    const answer = async (params: P, token: CancellationToken) => {
      try {
        return await handle(params, token);
      } catch (error) {
        throw asResponse(error);
      }
    };
    connection.onRequest(type.method, answer as GenericRequestHandler<R, unknown>);
  };

  on(protocol.Initialize, async ({ protocolVersion, backend }: protocol.InitializeParams) => {
    if (protocolVersion !== PROTOCOL_VERSION) {
      const message = `The engine speaks protocol ${PROTOCOL_VERSION}, the extension ${protocolVersion}.`;
      throw new EngineError('version', message, 'Reload the window, or install the extension again.');
    }
    if (!isBackendPreference(backend)) {
      const remedy = `Choose one of ${BACKEND_PREFERENCES.join(', ')}.`;
      throw new EngineError('bad-input', `There is no backend "${backend}".`, remedy);
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
  connection.onNotification(protocol.FrameSeen, ({ runId }) => running.get(runId)?.publisher.seen());
}

/** What the host gets: the message, a code and a remedy. A stack is for the log, never for the user. */
function asResponse(error: unknown): ResponseError<protocol.EngineErrorData> {
  if (error instanceof EngineError) {
    return new ResponseError(-32000, error.message, { code: error.code, remedy: error.remedy });
  }
  if (error instanceof CheckpointError) {
    return new ResponseError(-32000, error.message, { code: 'bad-model', remedy: error.remedy });
  }
  if (error instanceof RunFileError) {
    return new ResponseError(-32000, error.message, { code: 'io', remedy: error.remedy });
  }
  const { message, stack, code } = error as NodeJS.ErrnoException;
  console.error(stack ?? message);
  return new ResponseError(-32000, message, {
    code: code ? 'io' : 'internal',
    remedy: 'See the log for details.',
  });
}
