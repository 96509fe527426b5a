import { ConnectionError, ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import type { EngineErrorData } from '../../engine/protocol/requests.ts';
import { EngineFailure } from './engineFailure.ts';

/** Any rejection of a request as a failure. @param cause why the engine stopped, if it did. */
export function toFailure(error: unknown, cancelled: boolean, cause?: string): EngineFailure {
  if (error instanceof EngineFailure) return error;
  if (cause !== undefined) return new EngineFailure('stopped', `The engine stopped (${cause}).`);
  if (cancelled) return new EngineFailure('cancelled', 'Cancelled.');
  if (error instanceof ConnectionError) return new EngineFailure('stopped', 'The engine is stopping.');
  if (error instanceof ResponseError) {
    if (error.code === ErrorCodes.MethodNotFound) {
      return new EngineFailure('version', 'This engine does not know the request.', 'Reload the window.');
    }
    const data: unknown = error.data;
    return isErrorData(data)
      ? new EngineFailure(data.code, error.message, data.remedy)
      : new EngineFailure('internal', error.message);
  }
  return new EngineFailure('internal', error instanceof Error ? error.message : String(error));
}

function isErrorData(value: unknown): value is EngineErrorData {
  if (typeof value !== 'object' || value === null) return false;
  const { code, remedy } = value as Record<string, unknown>;
  return typeof code === 'string' && (remedy === undefined || typeof remedy === 'string');
}
