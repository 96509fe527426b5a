import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { BackendName } from '../protocol/backend.ts';
import { openCpu } from './cpuBackend.ts';
import { nativeState } from './native/nativeFolder.ts';
import { openTensorflow } from './native/openTensorflow.ts';
import { tf } from './tf.ts';
import { findWasmFile } from './wasm/wasmFiles.ts';
import { openWasm, type WasmThreads } from './wasmBackend.ts';
import { dawnVersion } from './webgpu/dawn.ts';

export interface BackendOptions extends WasmThreads {
  /** Folder of the .wasm files; by default the bundle's own folder, or the build folder of the sources. */
  readonly wasmFolder?: string;
  /** Folder of the native TensorFlow, as the install command makes it. */
  readonly nativeFolder?: string;
  /** Folder in or above whose `node_modules` the package `webgpu` lies; by default the bundle's own. */
  readonly webgpuFolder?: string;
  /** Whether a graphics processor that is simulated by a program is refused, as it is where nobody asked for it. */
  readonly hardwareOnly?: boolean;
}

/** A backend that may be there. */
export interface Candidate {
  readonly name: BackendName;
  /** What it is called while it is not known what it computes on. */
  readonly title: string;
  /** Makes it current and says what to call it. @throws Error with a plain reason, a clause without its name */
  open(options: BackendOptions): Promise<string>;
  /** Another text as soon as another build of it would be opened: measurements hold for one. */
  version(options: BackendOptions): string;
}

/** In order of hope: the first is the fastest where it works on a large model, the last works everywhere. */
export const candidates: readonly Candidate[] = [
  {
    name: 'tensorflow',
    title: 'TensorFlow',
    open: async ({ nativeFolder }) => ((await openTensorflow(nativeFolder)).cuda ? 'CUDA' : 'TensorFlow CPU'),
    version: ({ nativeFolder }) => nativeState(nativeFolder),
  },
  {
    name: 'webgpu',
    title: 'WebGPU',
    open: async options => {
      // Loaded only where it is asked for: most machines have no use for it.
      const { openWebgpu } = await import('./webgpu/openWebgpu.ts');
      await openWebgpu(options);
      return 'WebGPU';
    },
    version: ({ webgpuFolder }) => dawnVersion(webgpuFolder),
  },
  {
    name: 'wasm',
    title: 'wasm',
    open: async ({ wasmFolder, ...threads }) => {
      await openWasm(wasmFolder, threads);
      return 'wasm';
    },
    version: ({ wasmFolder, threads = 'auto' }) =>
      `${tf.version_core} ${kernelsHash(wasmFolder)} on ${threads} cores`,
  },
  {
    name: 'cpu',
    title: 'cpu',
    open: async () => {
      await openCpu();
      return 'cpu';
    },
    version: () => tf.version_core,
  },
];

/** What a backend is called while it is not open. */
export function titleOf(name: BackendName): string {
  return candidates.find(each => each.name === name)!.title;
}

function kernelsHash(wasmFolder?: string): string {
  try {
    return createHash('sha256')
      .update(readFileSync(findWasmFile('kernels-relaxed.wasm', wasmFolder)))
      .digest('hex');
  } catch {
    return 'missing';
  }
}
