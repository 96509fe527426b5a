import type { EngineErrorCode } from '../protocol/requests.ts';

/** A request that was refused or failed: what happened, and what the user can do about it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}
