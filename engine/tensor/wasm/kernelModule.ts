import { readFileSync } from 'node:fs';
import type { HostBackend } from './hostBackend.ts';
import type { LayerKernels } from './layerKernels.ts';
import type { MemoryKernels } from './memoryKernels.ts';
import { JOBS, type JobName, placeOf } from './pool/jobs.ts';
import type { KernelPool } from './pool/kernelPool.ts';
import { findWasmFile } from './wasmFiles.ts';

// Node's types leave WebAssembly to the DOM library, which the engine must not see.
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { env: { memory: object } }) => { exports: object };
};

/** out[n] = f(x[n]). */
export type Elementwise = (x: number, out: number, n: number) => void;

/** out[n0, n1, n2] from two operands, with the bytes from one element to the next along each axis. */
export type Binary = (
  a: number,
  b: number,
  out: number,
  n0: number,
  n1: number,
  n2: number,
  a0: number,
  a1: number,
  a2: number,
  b0: number,
  b1: number,
  b2: number,
) => void;

/** The exports of `assembly/index.ts`. Pointers and strides are bytes, sizes are elements. */
export interface Kernels extends LayerKernels, MemoryKernels {
  constantsBytes(): number;
  fillConstants(at: number): void;
  matMulScratchBytes(): number;
  batchMatMul(
    a: number,
    b: number,
    c: number,
    batch: number,
    strideA: number,
    strideB: number,
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    scratch: number,
  ): void;
  hasColumns(m: number, k: number, transposeA: boolean, transposeB: boolean): number;
  matMulColumns(
    a: number,
    b: number,
    c: number,
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    scratch: number,
    first: number,
    last: number,
  ): void;
  add: Binary;
  subtract: Binary;
  multiply: Binary;
  divide: Binary;
  exp: Elementwise;
  sigmoid: Elementwise;
  tanh: Elementwise;
  silu: Elementwise;
  siluDerivative: Elementwise;
  softplus: Elementwise;
  sqrt: Elementwise;
  rsqrt: Elementwise;
  gelu: Elementwise;
  geluDerivative: Elementwise;
  geluSecondDerivative: Elementwise;
  sum(x: number, out: number, outer: number, middle: number, inner: number): void;
  clear(to: number, bytes: number): void;
  copyBlocks(from: number, stepFrom: number, to: number, stepTo: number, bytes: number, count: number): void;
  expand(
    x: number,
    out: number,
    n0: number,
    n1: number,
    n2: number,
    step0: number,
    step1: number,
    advance: boolean,
  ): void;
  transposeMatrices(x: number, out: number, batch: number, m: number, n: number): void;
  rowSums(logits: number, largest: number, sums: number, rows: number, width: number): void;
  crossEntropyGradient(
    logits: number,
    labels: number,
    normalizers: number,
    dy: number,
    out: number,
    rows: number,
    width: number,
  ): void;
  unsortedSegmentSum(
    x: number,
    ids: number,
    out: number,
    rows: number,
    width: number,
    segments: number,
  ): void;
}

/** One instance of our kernels on a backend's memory. `scratch` is the matrix product's working memory there. */
export interface KernelModule {
  kernels: Kernels;
  scratch: number;
  relaxed: boolean;
  /** The compiled kernels and the memory they compute on, for other threads. */
  readonly compiled: object;
  readonly memory: object;
  /** Threads that compute beside this one. */
  pool?: KernelPool;
  /** Address of at least `bytes` bytes of working memory, valid until the next call. */
  workspace(bytes: number): number;
  /**
   * Does all units of a job, on several cores where there is a pool and it pays: the result is the same.
   * @param bytes working memory of one unit @param operations of all units, on numbers
   */
  each(job: JobName, numbers: readonly number[], units: number, bytes: number, operations: number): void;
  /** A view of memory from an address on, valid until the memory grows. */
  view(address: number, length: number): Float32Array;
  /** The same of float64. */
  doubles(address: number, length: number): Float64Array;
}

/** Working memory that grows with the largest kernel so far. */
function growingWorkspace({ wasm }: HostBackend): (bytes: number) => number {
  let address = 0;
  let size = 0;
  return bytes => {
    if (bytes <= size) return address;
    if (address) wasm._free(address);
    size = 0;
    address = wasm._malloc(bytes) >>> 0;
    if (address === 0) {
      const megabytes = Math.ceil(bytes / 2 ** 20);
      throw new Error(
        `The wasm backend has no ${megabytes} MB of memory left to work in. Close other models, or use a smaller batch.`,
      );
    }
    size = bytes;
    return address;
  };
}

/** Operations of a kernel from which on handing a part of it over takes less time than it saves. */
export const WORTH_SHARING = 2e5;

function eachUnit(module: Omit<KernelModule, 'each'>): KernelModule['each'] {
  return (job, numbers, units, bytes, operations) => {
    const { kernels, pool, workspace } = module;
    if (pool && units > 1 && operations >= WORTH_SHARING && pool.takes(numbers)) {
      const step = 64 * Math.ceil(bytes / 64);
      pool.run(job, numbers, units, workspace(step * (1 + pool.size)), step);
      return;
    }
    const run = JOBS[placeOf(job)];
    const work = workspace(bytes);
    for (let unit = 0; unit < units; unit++) run(kernels, numbers, unit, work);
  };
}

/** Address of new memory of the host that is never given back. @throws Error when there is none left */
export function lastingMemory({ wasm }: HostBackend, bytes: number): number {
  const address = wasm._malloc(bytes) >>> 0;
  if (address !== 0) return address;
  throw new Error('The wasm backend has no memory left for the kernels. Close other models.');
}

/**
 * Instantiates our kernels on the memory of the library's wasm backend, so that tensors are shared without
 * copies. Takes the build with fused multiply-add when this runtime accepts it.
 */
export function openKernelModule(backend: HostBackend, folder?: string): KernelModule {
  const relaxedBytes = readFileSync(findWasmFile('kernels-relaxed.wasm', folder));
  const relaxed = WebAssembly.validate(relaxedBytes);
  const bytes = relaxed ? relaxedBytes : readFileSync(findWasmFile('kernels-simd.wasm', folder));
  const { memory } = backend.wasm.asm as { memory: { buffer: ArrayBuffer } };
  const compiled = new WebAssembly.Module(bytes);
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  const kernels = instance.exports as unknown as Kernels;
  const scratchBytes = kernels.matMulScratchBytes();
  const scratch = lastingMemory(backend, scratchBytes + kernels.constantsBytes());
  kernels.fillConstants(scratch + scratchBytes);
  const view = (address: number, length: number) => new Float32Array(memory.buffer, address, length);
  const doubles = (address: number, length: number) => new Float64Array(memory.buffer, address, length);
  const workspace = growingWorkspace(backend);
  const module = { kernels, scratch, relaxed, compiled, memory, workspace, view, doubles };
  return Object.assign(module, { each: eachUnit(module) });
}
