import { dirname, join, resolve } from 'node:path';
import type { ThreadCount } from '../protocol/threads.ts';
import { tf } from './tf.ts';
import type { HostBackend } from './wasm/hostBackend.ts';
import { currentKernels, installKernelPack } from './wasm/kernelPack.ts';
import { openPool } from './wasm/pool/openPool.ts';
import { findWasmFile, libraryFile, threadFile } from './wasm/wasmFiles.ts';

/** How many cores, and what is done with a sentence on them; by default the thread that asks computes alone. */
export interface WasmThreads {
  readonly threads?: ThreadCount;
  /** Milliseconds until `auto` is tried, so that what is asked for first need not wait; by default it is tried first. */
  readonly testAfter?: number;
  onNote?(text: string): void;
}

let installedOn: HostBackend | undefined;

/**
 * Makes WebAssembly with our kernels the current backend. @param wasmFolder where its .wasm files lie
 * @throws Error when they are missing or do not start
 */
export async function openWasm(wasmFolder?: string, threads: WasmThreads = {}): Promise<void> {
  tf.setWasmPaths(join(dirname(findWasmFile(libraryFile, wasmFolder)), '/'));
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
  const backend = tf.backend() as HostBackend;
  if (backend !== installedOn) {
    // Entries are deleted with their tensors; a weak map would have the garbage collector walk them all.
    backend.dataIdMap.data = new Map();
    installKernelPack(backend, wasmFolder);
    installedOn = backend;
  }
  await shareKernels(backend, wasmFolder, threads);
}

async function shareKernels(
  backend: HostBackend,
  wasmFolder: string | undefined,
  { threads = 1, testAfter = 0, onNote }: WasmThreads,
): Promise<void> {
  const kernels = currentKernels()!;
  if (threads === 1 && !kernels.pool) return;
  const file = resolve(findWasmFile(threadFile, wasmFolder));
  const open = async () => {
    const decided = await openPool(kernels, backend, threads, file, { onLoss: onNote });
    onNote?.(decided);
  };
  if (threads !== 'auto' || testAfter === 0) return open();
  // Whatever was begun meanwhile goes on with the same numbers on more cores.
  setTimeout(open, testAfter).unref();
}
