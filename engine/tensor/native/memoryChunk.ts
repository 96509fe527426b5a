import type { KernelConfig, TensorInfo } from '#tfjs';
import type { ChunkAttributes } from '../memoryChunk.ts';
import { chunkGradient } from './chunkGradient.ts';
import { prepare, writeOf } from './chunkPass.ts';
import { slopeOf } from './gelu.ts';
import type { Handle } from './hostBackend.ts';
import { answer } from './memoryRead.ts';
import { nativeKernel } from './nativeKernel.ts';
import type { Operations } from './operations.ts';

/** Inputs of a write: k, v, η, log α, q where queries are read, and W1, W2 of each memory. */
function countOf({ memories, queries }: ChunkAttributes): number {
  return (queries ? 5 : 4) + 2 * memories;
}

function write(op: Operations, inputs: readonly Handle[], attributes: ChunkAttributes): Handle[] {
  const { memories, queries, subtracted } = attributes;
  const chunk = prepare(op, inputs, attributes);
  const { rows, scaledRows, counts, retention, keys } = chunk;
  return Array.from({ length: memories }, (_, i) => {
    const [w1, w2] = inputs.slice((queries ? 5 : 4) + 2 * i);
    const all = answer(op, rows, scaledRows, w1, w2);
    const [s, twice] = [all.s, all.twice].map(x => op.part(x, 1, 0, counts[0]));
    const { steep } = slopeOf(op, s, twice);
    const { push, h, solution, surprise, read } = writeOf(op, chunk, w1, { all, s, steep }, attributes);
    const taken = [op.product(push, h, { a: true }), op.product(solution, keys, { a: true })];
    const left = [w1, w2].map((w, part) => op.subtract(op.multiply(w, retention), taken[part]));
    return [...left, surprise, ...(subtracted ? taken : []), ...(read ? [read] : [])];
  }).flat();
}

/** Inputs are those of the write, then of each memory d(new W1), d(new W2) and, if there are queries, d(read). */
function gradient(op: Operations, inputs: readonly Handle[], attributes: ChunkAttributes): Handle[] {
  const count = countOf(attributes);
  return chunkGradient(op, inputs.slice(0, count), inputs.slice(count), attributes);
}

function kernel(kernelName: string, compute: typeof write): KernelConfig {
  return nativeKernel<TensorInfo[], ChunkAttributes>(kernelName, (op, inputs, attributes) => {
    const given = inputs.map(tensor => op.of(tensor));
    return compute(op, given, attributes).map(output => op.give(output));
  });
}

/** The write of a chunk to memories and its gradient, as `engine/tensor/memoryChunk.ts` asks for them. */
export function memoryChunkKernels(): KernelConfig[] {
  return [kernel('HopeChunk', write), kernel('HopeChunkGrad', gradient)];
}
