import {
  type CancellationToken,
  type GenericRequestHandler,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { EngineErrorData } from '../protocol/requests.ts';
import { RunFileError } from '../run/index.ts';
import { EngineError } from './engineError.ts';

/** Registers the answer to one kind of request. */
export type On = <P, R>(
  type: { method: string },
  handle: (params: P, token: CancellationToken) => R | Promise<R>,
) => void;

/** Answers requests of a connection; every refusal carries a code and what the user can do. */
export function answersOn(connection: MessageConnection): On {
  return <P, R>(
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
}

/** What the host gets: the message, a code and a remedy. A stack is for the log, never for the user. */
function asResponse(error: unknown): ResponseError<EngineErrorData> {
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
