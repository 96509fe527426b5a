import { EngineError } from './engineError.ts';

/** Lets messages and the heartbeat through between two pieces of work. */
export function breath(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** The same, and ends the work when it was cancelled. @param what is cancelled, to begin a sentence with */
export async function breathOrStop(cancelled: () => boolean, what: string): Promise<void> {
  await breath();
  if (cancelled()) throw new EngineError('bad-input', `${what} was cancelled.`);
}
