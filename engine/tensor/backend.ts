import { dirname, join } from 'node:path';
import { selfTest } from './selfTest.ts';
import { tf } from './tf.ts';
import './autodiff/index.ts';
import type { HostBackend } from './wasm/hostBackend.ts';
import { installKernelPack } from './wasm/kernelPack.ts';
import { findWasmFile, libraryFile } from './wasm/wasmFiles.ts';
import { openWebgpu } from './webgpu/openWebgpu.ts';

/** What a caller may ask for; 'auto' takes the fastest that opens, WebGPU only where it is asked for by name. */
export const BACKEND_PREFERENCES = ['auto', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendPreference = (typeof BACKEND_PREFERENCES)[number];

export function isBackendPreference(name: string): name is BackendPreference {
  return (BACKEND_PREFERENCES as readonly string[]).includes(name);
}

/** The backend in use, and for each faster one that was refused a sentence saying why. */
export interface OpenedBackend {
  name: string;
  refused: string[];
}

export interface BackendOptions {
  /** Folder of the .wasm files; by default the bundle's own folder, or the build folder of the sources. */
  wasmFolder?: string;
  /** Folder in or above whose `node_modules` the package `webgpu` lies; by default the bundle's own. */
  webgpuFolder?: string;
}

let installedOn: HostBackend | undefined;

async function openWasm({ wasmFolder }: BackendOptions): Promise<void> {
  tf.setWasmPaths(join(dirname(findWasmFile(libraryFile, wasmFolder)), '/'));
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
  const backend = tf.backend() as HostBackend;
  if (backend === installedOn) return;
  // Entries are deleted with their tensors; a weak map would have the garbage collector walk them all.
  backend.dataIdMap.data = new Map();
  installKernelPack(backend, wasmFolder);
  installedOn = backend;
}

async function openCpu(): Promise<void> {
  // The library would print an advertisement at the first operation under Node.
  const backend = tf.findBackend('cpu') as tf.KernelBackend & { firstUse: boolean };
  backend.firstUse = false;
  await tf.setBackend('cpu');
}

/**
 * Makes one backend current for all tensor operations: 'wasm' with our kernels, or 'cpu' in plain JavaScript.
 * Wasm must pass a numeric self-test first. 'auto' falls back and says in `refused` why; asked for by name, a backend that fails throws.
 */
export async function openBackend(
  preference: BackendPreference,
  options: BackendOptions = {},
): Promise<OpenedBackend> {
  const refused: string[] = [];
  if (preference === 'webgpu') {
    try {
      await openWebgpu(options);
      await selfTest();
      return { name: 'webgpu', refused };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The webgpu backend cannot be used: ${reason}`, { cause: error });
    }
  }
  if (preference !== 'cpu') {
    try {
      await openWasm(options);
      await selfTest();
      return { name: 'wasm', refused };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (preference === 'wasm')
        throw new Error(`The wasm backend cannot be used: ${reason}`, { cause: error });
      refused.push(`wasm: ${reason}`);
    }
  }
  await openCpu();
  return { name: 'cpu', refused };
}
