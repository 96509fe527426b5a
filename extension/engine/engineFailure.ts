import type { EngineErrorCode } from '../../engine/protocol/requests.ts';

/** What the host itself finds out about an engine, besides what an engine refuses. */
export type FailureCode = EngineErrorCode | 'start' | 'stopped' | 'timeout' | 'cancelled';

/** A request to the engine that came to nothing: what happened, and in `remedy` what the user can do. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
  readonly code: FailureCode;
  readonly remedy?: string;

  constructor(code: FailureCode, message: string, remedy?: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }

  /** Message and remedy as one line for the user. */
  get text(): string {
    const sentence = /[.!?…]$/.test(this.message) ? this.message : `${this.message}.`;
    return this.remedy ? `${sentence} ${this.remedy}` : sentence;
  }
}

/** What went wrong, in words for the user. */
export function failureText(error: unknown): string {
  if (error instanceof EngineFailure) return error.text;
  return error instanceof Error ? error.message : String(error);
}
