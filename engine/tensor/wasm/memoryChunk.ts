import type { KernelConfig, TensorInfo } from '#tfjs';
import type { ChunkAttributes } from '../memoryChunk.ts';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';
import { writeSquares } from './measure.ts';

/**
 * The inputs of one call, told apart: keys, values, gates, queries, then W1 and W2 of each memory, and of what each is
 * compared to where it is measured.
 */
function chunkInputs(inputs: TensorInfo[], { memories, queries }: ChunkAttributes) {
  const [k, v, eta, logAlpha] = inputs;
  const q = queries ? inputs[4] : undefined;
  const first = queries ? 5 : 4;
  const weights = inputs.slice(first, first + 2 * memories);
  const bases = inputs.slice(first + 2 * memories);
  const [groups, chunk, width] = k.shape;
  return { k, v, eta, logAlpha, q, weights, bases, groups, chunk, width, reads: q ? q.shape[1] : 0 };
}

/** Operations of a write: rows go through the memory once, and each weight is written once. */
function operations(groups: number, chunk: number, reads: number, width: number, shapes: number[][]): number {
  let sum = 0;
  for (const [, out, hidden] of shapes) {
    sum += 2 * groups * hidden * ((3 * chunk + reads) * (width + out) + chunk * out);
  }
  return sum;
}

/**
 * Outputs of each memory W1, W2, surprise and, if asked for, what was subtracted from either and the reads; then what was
 * measured of all.
 */
function write(module: KernelModule): KernelConfig {
  const { kernels, each } = module;
  return {
    kernelName: 'HopeChunk',
    backendName: 'wasm',
    kernelFunc: call => {
      const attributes = call.attrs as unknown as ChunkAttributes;
      const { memories, ceiling, dotProduct, subtracted, measured } = attributes;
      const { k, v, eta, logAlpha, q, weights, bases, groups, chunk, width, reads } = chunkInputs(
        call.inputs as unknown as TensorInfo[],
        attributes,
      );
      const backend = call.backend as HostBackend;
      const outputs: TensorInfo[] = [];
      const make = (shape: number[]) => {
        const tensor = backend.makeOutput(shape, 'float32');
        outputs.push(tensor);
        return addressOf(backend, tensor);
      };
      const at = (tensor: TensorInfo | undefined) => (tensor ? addressOf(backend, tensor) : 0);
      const numbers = [at(k), at(v), at(q), at(eta), at(logAlpha), chunk, reads, width];
      numbers.push(ceiling, Number(dotProduct), memories);
      let bytes = 0;
      for (let i = 0; i < memories; i++) {
        const [w1, w2] = [weights[2 * i], weights[2 * i + 1]];
        const [, out, hidden] = w1.shape;
        bytes = Math.max(bytes, kernels.chunkBytes(1, chunk, reads, width, hidden, out));
        numbers.push(at(w1), at(w2), make(w1.shape), make(w2.shape));
        const surprise = make([groups, chunk, out]);
        numbers.push(subtracted ? make(w1.shape) : 0, subtracted ? make(w2.shape) : 0, surprise);
        numbers.push(q ? make([groups, reads, out]) : 0, hidden, out);
      }
      const firsts = weights.filter((_, i) => i % 2 === 0).map(({ shape }) => shape);
      const sums = measured ? backend.makeOutput([4], 'float32') : undefined;
      each('writeChunk', numbers, groups, bytes, operations(groups, chunk, reads, width, firsts));
      if (!sums) return outputs;
      const perMemory = outputs.length / memories;
      const after = weights.map((_, i) => outputs[perMemory * (i >> 1) + (i & 1)]);
      const errors = weights.map((_, i) => outputs[perMemory * (i >> 1) + 3 + (i & 1)]);
      const numbersOf = writeSquares(module, after, weights, errors, bases, 1, at);
      (backend.typedArrayFromHeap(sums) as Float32Array).set(numbersOf);
      return [...outputs, sums];
    },
  };
}

/**
 * Inputs are those of the write, then of each memory d(new W1), d(new W2) and, if there are queries, d(read);
 * outputs are the gradients of the write's inputs.
 */
function gradient({ kernels, each }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeChunkGrad',
    backendName: 'wasm',
    kernelFunc: call => {
      const attributes = call.attrs as unknown as ChunkAttributes;
      const { memories, ceiling, dotProduct } = attributes;
      const all = call.inputs as unknown as TensorInfo[];
      const { k, v, eta, logAlpha, q, weights, groups, chunk, width, reads } = chunkInputs(all, attributes);
      const backend = call.backend as HostBackend;
      const count = (q ? 5 : 4) + 2 * memories;
      const upstream = all.slice(count);
      const made = all.slice(0, count).map(({ shape }) => backend.makeOutput(shape, 'float32'));
      const at = (tensor: TensorInfo | undefined) => (tensor ? addressOf(backend, tensor) : 0);
      const numbers = [at(k), at(v), at(q), at(eta), at(logAlpha), chunk, reads, width];
      numbers.push(ceiling, Number(dotProduct), memories);
      const perMemory = q ? 3 : 2;
      let bytes = 0;
      for (let i = 0; i < memories; i++) {
        const [w1, w2] = weights.slice(2 * i, 2 * i + 2);
        const [dNewW1, dNewW2, dRead] = upstream.slice(perMemory * i, perMemory * (i + 1));
        const [dW1, dW2] = made.slice(count - 2 * memories + 2 * i);
        const [, out, hidden] = w1.shape;
        bytes = Math.max(bytes, kernels.chunkGradientBytes(1, chunk, reads, width, hidden, out));
        numbers.push(at(w1), at(w2), at(dNewW1), at(dNewW2), at(dRead), at(dW1), at(dW2), 0, hidden, out);
      }
      const [dk, dv, dEta, dLogAlpha] = made.map(at);
      numbers.push(dk, dv, dEta, dLogAlpha, q ? at(made[4]) : 0);
      const firsts = weights.filter((_, i) => i % 2 === 0).map(({ shape }) => shape);
      each('chunkGradient', numbers, groups, bytes, 3 * operations(groups, chunk, reads, width, firsts));
      return made;
    },
  };
}

/** The write of a chunk to several memories of all heads, with the read of queries, and its gradient. */
export function memoryChunkKernels(module: KernelModule): KernelConfig[] {
  return [write(module), gradient(module)];
}
