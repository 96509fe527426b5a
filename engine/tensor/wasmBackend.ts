import { dirname, join } from 'node:path';
import { tf } from './tf.ts';
import type { HostBackend } from './wasm/hostBackend.ts';
import { installKernelPack } from './wasm/kernelPack.ts';
import { findWasmFile, libraryFile } from './wasm/wasmFiles.ts';

let installedOn: HostBackend | undefined;

/**
 * Makes WebAssembly with our kernels the current backend. @param wasmFolder where its .wasm files lie
 * @throws Error when they are missing or do not start
 */
export async function openWasm(wasmFolder?: string): Promise<void> {
  tf.setWasmPaths(join(dirname(findWasmFile(libraryFile, wasmFolder)), '/'));
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
  const backend = tf.backend() as HostBackend;
  if (backend === installedOn) return;
  // Entries are deleted with their tensors; a weak map would have the garbage collector walk them all.
  backend.dataIdMap.data = new Map();
  installKernelPack(backend, wasmFolder);
  installedOn = backend;
}
