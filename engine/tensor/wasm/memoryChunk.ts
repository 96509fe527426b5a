import type { KernelConfig, TensorInfo } from '#tfjs';
import type { ChunkAttributes } from '../memoryChunk.ts';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

/** The inputs of one call, told apart: keys, values, gates, queries, then W1 and W2 of each memory. */
function chunkInputs(inputs: TensorInfo[], { memories, queries }: ChunkAttributes) {
  const [k, v, eta, logAlpha] = inputs;
  const q = queries ? inputs[4] : undefined;
  const first = queries ? 5 : 4;
  const weights = inputs.slice(first, first + 2 * memories);
  const [groups, chunk, width] = k.shape;
  return { k, v, eta, logAlpha, q, weights, groups, chunk, width, reads: q ? q.shape[1] : 0 };
}

/** Outputs of each memory W1, W2, surprise and, if asked for, what was subtracted from either; then the reads. */
function write({ kernels, workspace }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeChunk',
    backendName: 'wasm',
    kernelFunc: call => {
      const attributes = call.attrs as unknown as ChunkAttributes;
      const { memories, ceiling, dotProduct, subtracted } = attributes;
      const { k, v, eta, logAlpha, q, weights, groups, chunk, width, reads } = chunkInputs(
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
      const sizes = Array.from({ length: memories }, (_, i) => weights[2 * i].shape.slice(1));
      const bytes = sizes.map(([out, hidden]) =>
        kernels.chunkBytes(groups, chunk, reads, width, hidden, out),
      );
      const work = workspace(Math.max(...bytes));
      const [kAt, vAt, etaAt, logAt, qAt = 0] = [k, v, eta, logAlpha, ...(q ? [q] : [])].map(tensor =>
        addressOf(backend, tensor),
      );
      kernels.prepareChunk(kAt, vAt, qAt, etaAt, logAt, groups, chunk, reads, width, work);
      sizes.forEach(([out, hidden], i) => {
        const [w1, w2] = weights.slice(2 * i, 2 * i + 2);
        const newW1 = make(w1.shape);
        const newW2 = make(w2.shape);
        const surprise = make([groups, chunk, out]);
        const taken1 = subtracted ? make(w1.shape) : 0;
        const taken2 = subtracted ? make(w2.shape) : 0;
        const read = q ? make([groups, reads, out]) : 0;
        kernels.writeChunk(
          etaAt,
          addressOf(backend, w1),
          addressOf(backend, w2),
          newW1,
          newW2,
          taken1,
          taken2,
          surprise,
          read,
          groups,
          chunk,
          reads,
          width,
          hidden,
          out,
          ceiling,
          dotProduct,
          work,
        );
      });
      return outputs;
    },
  };
}

/**
 * Inputs are those of the write, then of each memory d(new W1), d(new W2) and, if there are queries, d(read);
 * outputs are the gradients of the write's inputs.
 */
function gradient({ kernels, workspace }: KernelModule): KernelConfig {
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
      const bytes = weights.flatMap(({ shape: [, out, hidden] }, i) =>
        i % 2 ? [] : [kernels.chunkGradientBytes(groups, chunk, reads, width, hidden, out)],
      );
      const work = workspace(Math.max(...bytes));
      kernels.prepareChunk(at(k), at(v), at(q), at(eta), at(logAlpha), groups, chunk, reads, width, work);
      kernels.clearSums(groups, chunk, reads, width, work);
      const each = q ? 3 : 2;
      for (let i = 0; i < memories; i++) {
        const [w1, w2] = weights.slice(2 * i, 2 * i + 2);
        const [dNewW1, dNewW2, dRead] = upstream.slice(each * i, each * (i + 1));
        const [dW1, dW2] = made.slice(count - 2 * memories + 2 * i);
        const [, out, hidden] = w1.shape;
        kernels.chunkGradient(
          at(eta),
          at(w1),
          at(w2),
          at(dNewW1),
          at(dNewW2),
          at(dRead),
          at(dW1),
          at(dW2),
          groups,
          chunk,
          reads,
          width,
          hidden,
          out,
          ceiling,
          dotProduct,
          work,
        );
      }
      const [dk, dv, dEta, dLogAlpha] = made.map(at);
      const dq = q ? at(made[4]) : 0;
      kernels.finishGradient(at(eta), dk, dv, dq, dEta, dLogAlpha, groups, chunk, reads, width, work);
      return made;
    },
  };
}

/** The write of a chunk to several memories of all heads, with the read of queries, and its gradient. */
export function memoryChunkKernels(module: KernelModule): KernelConfig[] {
  return [write(module), gradient(module)];
}
