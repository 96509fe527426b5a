import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FastState } from '../../engine/model/fastState.ts';
import { fusedChunk } from '../../engine/tensor/memoryChunk.ts';
import { fusedRead } from '../../engine/tensor/memoryRead.ts';
import '../../engine/tensor/autodiff/index.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import type { HostBackend } from '../../engine/tensor/wasm/hostBackend.ts';
import type { KernelModule } from '../../engine/tensor/wasm/kernelModule.ts';
import { currentKernels } from '../../engine/tensor/wasm/kernelPack.ts';
import { Benefit } from '../../engine/tensor/wasm/pool/benefit.ts';
import { KernelPool } from '../../engine/tensor/wasm/pool/kernelPool.ts';
import { findWasmFile, threadFile } from '../../engine/tensor/wasm/wasmFiles.ts';
import { openWasm } from '../../engine/tensor/wasmBackend.ts';
import { expectSameBits } from '../support/near.ts';
import { smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { fastWeights, ticksOf, trainTicks } from '../support/smallTraining.ts';

const random = new Random(4);
const filled = (shape: number[], scale = 1) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => scale * random.normal()),
    shape,
  );

/** Everything that a function's tensors hold, computed on some cores. */
async function onCores(cores: number, compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  await openWasm(undefined, { threads: cores });
  const made = compute();
  const values = made.map(each => each.dataSync() as Float32Array);
  tf.dispose(made);
  return values;
}

/** Expects the same bits on one core as on two and on three, and that the pool was used each time. */
async function expectSameOnCores(compute: () => tf.Tensor[]): Promise<void> {
  const run = vi.spyOn(KernelPool.prototype, 'run');
  run.mockClear();
  const single = await onCores(1, compute);
  expect(run).not.toHaveBeenCalled();
  for (const cores of [2, 3]) {
    run.mockClear();
    const several = await onCores(cores, compute);
    expect(run).toHaveBeenCalled();
    several.forEach((values, i) => {
      expectSameBits(values, single[i], `output ${i} on ${cores} cores`);
    });
  }
}

/** Grows the host's memory in steps, until it has grown. */
function grow(): void {
  const memory = (tf.backend() as HostBackend).wasm.asm.memory as { buffer: SharedArrayBuffer };
  const before = memory.buffer.byteLength;
  const pieces: tf.Tensor[] = [];
  while (memory.buffer.byteLength === before) pieces.push(tf.zeros([1 << 20]));
  tf.dispose(pieces);
}

afterEach(async () => {
  vi.restoreAllMocks();
  await openWasm(undefined, { threads: 1 });
});

describe('kernels on several cores', () => {
  it.each([
    [[128, 96], [96, 160], false, false],
    [[96, 131], [96, 167], true, false],
    // Few rows, along the rows of a large side.
    [[7, 259], [259, 523], false, false],
    [[259, 5], [259, 523], true, false],
    [[129, 96], [195, 96], false, true],
    [[96, 70], [203, 96], true, true],
    [[5, 67, 50], [5, 50, 41], false, false],
    [[3, 50, 67], [50, 41], true, false],
    [[40, 60, 30], [30, 45], false, false],
  ])('give the bits of one core for products of %j and %j, transposed %s, %s', async (a, b, tA, tB) => {
    await openWasm(undefined, { threads: 1 });
    const [x, y] = [filled(a), filled(b)];
    await expectSameOnCores(() => [tf.matMul(x, y, tA, tB)]);
    tf.dispose([x, y]);
  });

  it('give the bits of one core for a chunk of several memories, its reads and gradients', async () => {
    await openWasm(undefined, { threads: 1 });
    const [heads, chunk, width, hidden] = [3, 13, 24, 60];
    const inputs = [
      filled([heads, chunk, width], 0.2),
      filled([heads, chunk, width], 0.2),
      tf.fill([heads, chunk], 0.1),
      tf.fill([heads, chunk], -0.05),
      filled([heads, chunk, width]),
      ...[width, 1].flatMap(out => [filled([heads, out, hidden], 0.1), filled([heads, hidden, width], 0.2)]),
    ];
    const write = (...[k, v, eta, logAlpha, q, ...weights]: tf.Tensor[]) =>
      fusedChunk(
        { k, v, eta, logAlpha, q } as never,
        [0, 2].map(i => ({ w1: weights[i], w2: weights[i + 1] })) as never,
        { ceiling: 0.7, dotProduct: false, subtracted: true },
      );
    const outputs = (...given: tf.Tensor[]) =>
      write(...given).flatMap(({ weights, surprise, subtracted, read }) => [
        ...[weights.w1, weights.w2, surprise, subtracted!.w1, subtracted!.w2, read!],
      ]);
    const loss = (...given: tf.Tensor[]) =>
      write(...given)
        .flatMap(({ weights, read }) => [weights.w1, weights.w2, read!])
        .map(each => tf.sum(tf.square(each)))
        .reduce((sum, each) => tf.add(sum, each)) as tf.Scalar;
    await expectSameOnCores(() => [...outputs(...inputs), ...tf.grads(loss)(inputs)]);
    const [z, w1, w2] = [inputs[4], inputs[5], inputs[6]];
    const read = (...[x, first, second]: tf.Tensor[]) =>
      fusedRead(x as tf.Tensor3D, first as tf.Tensor3D, second as tf.Tensor3D)!;
    const squared = (...given: tf.Tensor[]) => tf.sum(tf.square(read(...given))) as tf.Scalar;
    const long = tf.concat(Array(8).fill(z), 1);
    await expectSameOnCores(() => [read(long, w1, w2), ...tf.grads(squared)([long, w1, w2])]);
    long.dispose();
    tf.dispose(inputs);
  });

  it('go on after the memory has grown, in training too', async () => {
    await openWasm(undefined, { threads: 1 });
    const run = async (cores: number) => {
      await openWasm(undefined, { threads: cores });
      const { base } = smallModels(smallConfig());
      const state = new FastState(base);
      const [x, y] = [tf.ones([128, 64]), tf.ones([64, 128])];
      const products: number[] = [];
      await trainTicks(state, ticksOf(state, smallText(12)), { telemetry: true }, update => {
        if (update.index % 2) grow();
        products.push(...tf.tidy(() => tf.matMul(x, y).dataSync().slice(-1)));
      });
      const weights = fastWeights(state);
      state.dispose();
      base.dispose();
      tf.dispose([x, y]);
      expect(products.every(each => each === 64)).toBe(true);
      return weights;
    };
    const single = await run(1);
    for (const [name, values] of await run(2)) expectSameBits(values, single.get(name)!, name);
  });
});

/** A pool of one thread on the open backend, with what it tells when it is lost. */
async function poolOf(
  patience?: number,
): Promise<{ module: KernelModule; pool: KernelPool; told: string[] }> {
  await openWasm(undefined, { threads: 1 });
  const module = currentKernels()!;
  const constants = (tf.backend() as HostBackend).wasm._malloc(module.kernels.constantsBytes());
  const told: string[] = [];
  const host = { ...module, module: module.compiled, constants: [constants] };
  const options = { patience, always: true, onLoss: (reason: string) => told.push(reason) };
  const pool = await KernelPool.start(findWasmFile(threadFile), host, options);
  module.pool = pool;
  return { module, pool, told };
}

function expectRightProduct(): void {
  const out = tf.tidy(() => tf.matMul(tf.fill([160, 96], 0.5), tf.fill([96, 160], 2)).dataSync());
  expect(out.every(each => each === 96)).toBe(true);
}

describe('a pool that loses its thread', () => {
  it('computes on one core when the thread ends by itself, and says so', async () => {
    const { pool, told } = await poolOf();
    expectRightProduct();
    expect(pool.size).toBe(1);
    await pool.threads[0].terminate();
    expect(told).toEqual([expect.stringMatching(/A kernel thread was lost: .*on one core/)]);
    expect(pool.size).toBe(0);
    expectRightProduct();
  });

  it('throws what a kernel throws, and computes on one core where a kernel failed in the thread', async () => {
    const { module, pool, told } = await poolOf();
    const beyond = 2 ** 32 - 64;
    const numbers = [beyond, beyond, beyond, 0, 0, 64, 64, 64, 0, 0];
    const work = module.workspace(2 * module.kernels.matMulScratchBytes());
    const fail = () => pool.run('batchMatMul', numbers, 64, work, module.kernels.matMulScratchBytes());
    // The thread may come too late for its part of it.
    for (let i = 0; i < 1000 && pool.size > 0; i++) expect(fail).toThrow(/memory access out of bounds/);
    expect(told).toEqual([expect.stringContaining('a kernel failed in it')]);
    expectRightProduct();
  });

  it('does the part of a thread again that takes too long for it', async () => {
    const [x, y] = [tf.fill([512, 512], 0.5), tf.fill([512, 512], 2)];
    const { pool, told } = await poolOf(0);
    for (let i = 0; i < 100 && pool.size > 0; i++) {
      // Asleep, the thread begins late and so ends last.
      await new Promise(resolve => setTimeout(resolve, 10));
      const out = tf.tidy(() => tf.matMul(x, y).dataSync());
      expect(out.every(each => each === 512)).toBe(true);
    }
    expect(told).toEqual([expect.stringContaining('did not end a kernel in time')]);
    expectRightProduct();
    tf.dispose([x, y]);
  });

  it('is refused when the thread does not start', async () => {
    await openWasm(undefined, { threads: 1 });
    const { compiled, ...module } = currentKernels()!;
    const host = { ...module, module: compiled, constants: [0] };
    await expect(KernelPool.start('/nowhere/thread.cjs', host)).rejects.toThrow(/Kernel threads: .*nowhere/);
  });
});

describe('openWasm', () => {
  it('decides by a test on how many cores, and says what came out', async () => {
    const notes: string[] = [];
    await openWasm(undefined, { threads: 'auto', onNote: text => notes.push(text) });
    expect(notes).toEqual([expect.stringMatching(/^Kernels compute on (one core|\d+ cores).*\.$/)]);
    expectRightProduct();
  });

  it('leaves no thread that keeps a process alive', async () => {
    const source = `
      const { openWasm } = await import('${new URL('../../engine/tensor/wasmBackend.ts', import.meta.url)}');
      const { tf } = await import('${new URL('../../engine/tensor/tf.ts', import.meta.url)}');
      await openWasm(undefined, { threads: 2, onNote: console.log });
      console.log(tf.matMul(tf.ones([128, 128]), tf.ones([128, 128])).dataSync()[5]);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
      timeout: 60_000,
    });
    expect(stdout).toBe('Kernels compute on 2 cores, as asked for.\n128\n');
  });
});

describe('Benefit', () => {
  it('pauses after a loss, longer after another, and not after a gain', () => {
    const benefit = new Benefit();
    const record = (now: number, alone: number, shared: number) => {
      for (let i = 0; i < 20; i++) benefit.record(now, alone, shared);
    };
    record(0, 2, 1);
    expect(benefit.isExpected(1)).toBe(true);
    record(50, 0.9, 1);
    expect([60, 149, 151].map(now => benefit.isExpected(now))).toEqual([false, false, true]);
    record(200, 0.9, 1);
    expect([399, 401].map(now => benefit.isExpected(now))).toEqual([false, true]);
    record(500, 2, 1);
    record(600, 0.9, 1);
    expect([699, 701].map(now => benefit.isExpected(now))).toEqual([false, true]);
  });
});
