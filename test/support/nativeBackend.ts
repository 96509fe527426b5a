import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface NativeState {
  /** The native backend as `hopescope backends install --python` made it. */
  readonly folder?: string;
  /** The Python whose TensorFlow it was built against. */
  readonly python?: string;
  /** Why there is none, a clause. */
  readonly reason?: string;
}

/** What `npm test` built or could not build; see test/native/ensure.mjs. */
export const native: NativeState = readState();

/** For the name of a group of tests: `TensorFlow`, or why it is skipped. */
export const nativeTitle = native.folder ? 'TensorFlow' : `TensorFlow (not tested: ${native.reason})`;

function readState(): NativeState {
  const path = fileURLToPath(new URL('../../.native/state.json', import.meta.url));
  const none = { reason: 'it was not built; "npm test -- engine native" builds it' };
  if (!existsSync(path)) return none;
  const state = JSON.parse(readFileSync(path, 'utf8')) as NativeState;
  return state.reason || existsSync(state.folder ?? '') ? state : none;
}
