import type { TensorInfo } from '../protocol/model.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import type { OpenModel } from './openModel.ts';

/** Every tensor of a model with ‖W‖ now and ‖W − W₀‖ against the base checkpoint. */
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
  return base.specs.map(({ name, shape, level, block, module }, i) => ({
    name,
    block,
    module,
    level,
    shape,
    dtype: 'F32',
    norm: norms[2 * i],
    delta: norms[2 * i + 1],
  }));
}
