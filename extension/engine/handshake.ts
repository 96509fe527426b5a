import type { InitializeResult } from '../../engine/protocol/requests.ts';
import type { ThreadCount } from '../../engine/protocol/threads.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';
import { EngineFailure } from './engineFailure.ts';
import { toFailure } from './toFailure.ts';

/** How an engine is started. */
export interface EngineCommand {
  readonly modulePath: string;
  /** The Node that runs it. */
  readonly execPath: string;
  readonly env: NodeJS.ProcessEnv;
  /** `auto` or a backend's name. */
  readonly backend: string;
  /** Where measurements of the backends are kept, and where the native one is. */
  readonly storage?: string;
  readonly nativeFolder?: string;
  /** Cores that the wasm backend's kernels compute on; one by default. */
  readonly threads?: ThreadCount;
  /** Folder of the model that will be loaded first. */
  readonly model?: string;
}

/** The engine's answer to the handshake. @throws EngineFailure on another protocol version or an answer of another kind */
export function agreed(info: unknown): InitializeResult {
  const { protocolVersion, backend, label, refused } = (info ?? {}) as Partial<Record<string, unknown>>;
  if (protocolVersion !== PROTOCOL_VERSION) {
    throw new EngineFailure(
      'version',
      `The engine speaks protocol version ${String(protocolVersion)}, the extension version ${PROTOCOL_VERSION}.`,
      'Reload the window to finish an update.',
    );
  }
  if (typeof backend !== 'string' || typeof label !== 'string' || !Array.isArray(refused)) {
    throw new EngineFailure('start', 'The engine gave no answer that makes sense.');
  }
  return info as InitializeResult;
}

/** Why an engine could not be started, with the Node that was to run it. */
export function startFailure(error: unknown, command: EngineCommand): EngineFailure {
  const failure = toFailure(error, false);
  if (failure.code !== 'stopped' && failure.code !== 'timeout') return failure;
  return new EngineFailure(
    'start',
    `The engine could not be started with “${command.execPath}”: ${failure.message}`,
    'The log says more; the setting hopescope.engine.nodePath chooses another Node.',
  );
}
