import type { BackendName, BackendPreference } from '../protocol/backend.ts';
import { type BackendOptions, candidates, titleOf } from './candidates.ts';
import { selfTest } from './selfTest.ts';
import './autodiff/index.ts';

export type { BackendOptions } from './candidates.ts';

/** The backend in use, and for each one tried before it a sentence that says why it was refused. */
export interface OpenedBackend {
  readonly name: BackendName;
  /** As users know it: `CUDA`, `TensorFlow CPU`, `wasm` and so on. */
  readonly label: string;
  readonly refused: string[];
}

export interface OpenOptions extends BackendOptions {
  /** Told before a backend is opened. */
  onOpening?(name: BackendName): Promise<void>;
}

/** What 'auto' takes while nothing was measured: it works wherever the extension does. */
export const SAFE_ORDER: readonly BackendName[] = ['wasm', 'cpu'];

/**
 * Makes one backend current, once it has passed the numeric self-test, and says what to call it.
 * @throws Error with a plain reason
 */
export async function openCandidate(name: BackendName, options: OpenOptions = {}): Promise<string> {
  await options.onOpening?.(name);
  const label = await candidates.find(each => each.name === name)!.open(options);
  await selfTest();
  return label;
}

/**
 * Makes a backend current for all tensor operations. @param order what 'auto' tries, one after another, saying in
 * `refused` why one was passed over; asked for by name, a backend that fails throws.
 */
export async function openBackend(
  preference: BackendPreference,
  options: OpenOptions = {},
  order = SAFE_ORDER,
): Promise<OpenedBackend> {
  const refused: string[] = [];
  const automatic = preference === 'auto';
  for (const name of automatic ? order : [preference]) {
    try {
      const label = await openCandidate(name, { ...options, hardwareOnly: automatic });
      return { name, label, refused };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!automatic) {
        throw new Error(`The ${name} backend cannot be used: ${reason}`, { cause: error });
      }
      refused.push(`${titleOf(name)}: ${reason}`);
    }
  }
  throw new Error(`No backend can be used. ${refused.join('; ')}`);
}
