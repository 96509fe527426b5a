import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { selfTest } from '../../engine/tensor/selfTest.ts';
import { tf } from '../../engine/tensor/tf.ts';
import type { HostBackend } from '../../engine/tensor/wasm/hostBackend.ts';
import type { Kernels } from '../../engine/tensor/wasm/kernelModule.ts';
import { findWasmFile } from '../../engine/tensor/wasm/wasmFiles.ts';
import { erf, filled, largestError } from './tensorReference.ts';

const builds = ['kernels-simd.wasm', 'kernels-relaxed.wasm'];

/** Section numbers of a WebAssembly binary, in order. */
function sections(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    found.push(bytes[at++]);
    let [length, shift, byte] = [0, 0, 0x80];
    for (; byte & 0x80; shift += 7) {
      byte = bytes[at++];
      length |= (byte & 0x7f) << shift;
    }
    at += length;
  }
  return found;
}

describe('openBackend', () => {
  afterEach(() => vi.restoreAllMocks());

  it('opens wasm by default and passes the self-test, without a word on the console', async () => {
    const printed = (['log', 'warn', 'error', 'info'] as const).map(each => vi.spyOn(console, each));
    expect(await openBackend('auto')).toEqual({ name: 'wasm', label: 'wasm', refused: [] });
    await selfTest();
    expect(await openBackend('cpu')).toEqual({ name: 'cpu', label: 'cpu', refused: [] });
    const before = tf.memory().numTensors;
    await selfTest();
    expect(tf.memory().numTensors).toBe(before);
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  });

  it('says why wasm was refused, and throws when it was asked for by name', async () => {
    const { name, refused } = await openBackend('auto', { wasmFolder: '/nowhere' });
    expect(name).toBe('cpu');
    expect(refused.join()).toMatch(/wasm: .*tfjs-backend-wasm-simd\.wasm is not in \/nowhere/);
    await expect(openBackend('wasm', { wasmFolder: '/nowhere' })).rejects.toThrow(
      /cannot be used.*\/nowhere/,
    );
  });

  it.each([
    ['HopeLayerNorm', 'layer norm'],
    ['HopeContinuum', 'continuum level'],
    ['HopeChunk', 'chunk of a memory (w1)'],
  ])('fails the self-test where %s is off by a thousandth', async (kernelName, what) => {
    await openBackend('wasm');
    const right = tf.getKernel(kernelName, 'wasm');
    const replace = (kernel: tf.KernelConfig) => {
      tf.unregisterKernel(kernelName, 'wasm');
      tf.registerKernel(kernel);
    };
    replace({
      ...right,
      kernelFunc: args => {
        const made = right.kernelFunc(args) as tf.TensorInfo[];
        const numbers = (tf.backend() as HostBackend).typedArrayFromHeap(made[0]);
        numbers.forEach((each, i) => {
          numbers[i] = each * 1.001;
        });
        return made;
      },
    });
    const before = tf.memory().numTensors;
    try {
      await expect(selfTest()).rejects.toThrow(`wasm failed its self-test: ${what} gave`);
      expect(tf.memory().numTensors).toBe(before);
    } finally {
      replace(right);
    }
    await selfTest();
  });

  it('fails the self-test of a backend that computes wrongly', async () => {
    await openBackend('wasm');
    const stock = tf.getKernel('Softmax', 'wasm');
    const replace = (kernel: tf.KernelConfig) => {
      tf.unregisterKernel('Softmax', 'wasm');
      tf.registerKernel(kernel);
    };
    replace({
      ...stock,
      kernelFunc: args =>
        tf.getKernel('Relu', 'wasm').kernelFunc({ ...args, inputs: { x: args.inputs.logits } }),
    });
    await expect(selfTest()).rejects.toThrow(/wasm failed its self-test: softmax gave .* instead of/);
    replace(stock);
    await selfTest();
  });
});

describe('kernels and the memory of their host', () => {
  it.each(builds)('%s brings no memory, data, table or start function of its own', name => {
    const found = sections(readFileSync(findWasmFile(name)));
    // 2 imports, 7 exports, 10 code; 4 table, 5 memory, 8 start, 9 elements and 11 data would touch the host.
    expect(found).toEqual(expect.arrayContaining([2, 7, 10]));
    expect(found.filter(each => [4, 5, 8, 9, 11].includes(each))).toEqual([]);
  });

  it.each(builds)('%s computes right on a memory of its own and writes nothing else', name => {
    const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
    const module = new WebAssembly.Module(readFileSync(findWasmFile(name)));
    const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
    const all = new Float32Array(memory.buffer).fill(7);
    const random = new Random(3);
    const [m, n, k] = [13, 19, 75];
    const [a, b, c, scratch] = [1024, 8192, 16384, 65536];
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      const left = filled(random, m * k);
      const right = filled(random, n * k);
      all.fill(7);
      all.set(left, a / 4);
      all.set(right, b / 4);
      kernels.batchMatMul(a, b, c, 1, 0, 0, m, n, k, transposeA, transposeB, scratch);
      const expected = Array.from({ length: m * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let x = 0; x < k; x++) {
          sum += left[transposeA ? x * m + i : i * k + x] * right[transposeB ? j * k + x : x * n + j];
        }
        return sum;
      });
      expect(largestError(all.subarray(c / 4, c / 4 + m * n), expected)).toBeLessThan(1e-5);
      all.fill(7, a / 4, a / 4 + m * k);
      all.fill(7, b / 4, b / 4 + n * k);
      all.fill(7, c / 4, c / 4 + m * n);
      all.fill(7, scratch / 4, (scratch + kernels.matMulScratchBytes()) / 4);
      expect(all.findIndex(each => each !== 7)).toBe(-1);
    }
    const x = filled(random, 37, 6);
    all.set(x, a / 4);
    kernels.fillConstants(scratch);
    kernels.gelu(a, c, x.length);
    const gelu = Array.from(x, each => (each * (1 + erf(each / Math.SQRT2))) / 2);
    expect(largestError(all.subarray(c / 4, c / 4 + 37), gelu)).toBeLessThan(1e-6);
    expect(all[c / 4 + 37]).toBe(7);
  });

  it('goes on after the memory has grown', async () => {
    await openBackend('wasm');
    const memory = (tf.backend() as unknown as HostBackend).wasm.asm.memory as WebAssembly.Memory;
    const start = memory.buffer.byteLength;
    const kept: tf.Tensor[] = [];
    const a = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    while (memory.buffer.byteLength === start) {
      kept.push(tf.zeros([1 << 20]));
      expect(Array.from(tf.tidy(() => tf.matMul(a, a).dataSync()))).toEqual([7, 10, 15, 22]);
    }
    const large = tf.tidy(() => tf.matMul(tf.ones([600, 300]), tf.ones([300, 600])).dataSync());
    expect(large.every(each => each === 300)).toBe(true);
    await selfTest();
    tf.dispose([...kept, a]);
  });
});
