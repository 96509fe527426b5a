import type { FastState } from '../model/fastState.ts';
import { isOfChunk } from '../model/optimizerMemory.ts';
import type { MemoryInfo, TensorInfo } from '../protocol/model.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import type { OpenModel } from './openModel.ts';
import { optimizerMemories } from './optimizerSlots.ts';

/** Every tensor of a model with ‖W‖ now, ‖W − W₀‖ against the base checkpoint, and what optimizers remember of it. */
export async function describeTensors({ base, fast }: OpenModel): Promise<TensorInfo[]> {
  const norms = await readBack(() => {
    const norm = (x: tf.Tensor) => tf.sqrt(tf.sum(tf.square(x)));
    const pairs = base.specs.flatMap(({ name }) => {
      const start = base.tensors.get(name)!;
      const now = fast.tensors.get(name) ?? start;
      return [norm(now), now === start ? tf.scalar(0) : norm(tf.sub(now, start))];
    });
    return tf.stack(pairs);
  });
  const memories = await describeMemories(fast);
  return base.specs.map(({ name, shape, level, block, module }, i) => ({
    name,
    block,
    module,
    level,
    shape,
    dtype: 'F32',
    norm: norms[2 * i],
    delta: norms[2 * i + 1],
    ...(memories.has(name) && { memories: memories.get(name) }),
  }));
}

/** What optimizers remember, by the name of the tensor; neither counts nor the inputs of an open chunk. */
async function describeMemories(fast: FastState): Promise<ReadonlyMap<string, MemoryInfo[]>> {
  const known = optimizerMemories(fast).filter(
    ({ name, memory, shape }) => shape.length > 0 && !isOfChunk(memory) && fast.optimizer.has(name),
  );
  if (known.length === 0) return new Map();
  const norms = await readBack(() => tf.stack(known.map(({ name }) => tf.norm(fast.optimizer.get(name)!))));
  const found = new Map<string, MemoryInfo[]>();
  known.forEach(({ name, tensor, memory, shape }, i) => {
    const { deltaNorm, surprise = Number.NaN } = fast.memoryWrites.get(name) ?? {};
    const info: MemoryInfo = {
      ...{ name: memory, shape, norm: norms[i] },
      ...(deltaNorm !== undefined && { deltaNorm }),
      ...(!Number.isNaN(surprise) && { surprise }),
    };
    found.set(tensor, [...(found.get(tensor) ?? []), info]);
  });
  return found;
}
