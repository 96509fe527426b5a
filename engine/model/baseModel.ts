import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { HopeConfig } from '../checkpoint/config.ts';
import { tf } from '../tensor/tf.ts';
import { type ParameterSpec, parameterSpecs } from './parameters.ts';

/** The weights of a checkpoint as tensors. Training on a selection never changes them. */
export class BaseModel {
  readonly specs: readonly ParameterSpec[];
  readonly tensors: ReadonlyMap<string, tf.Tensor>;

  /** @throws CheckpointError when a tensor is missing, of another shape, not finite, or unknown. */
  constructor(
    readonly config: HopeConfig,
    weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
    path: string,
  ) {
    this.specs = parameterSpecs(config);
    for (const { name, shape } of this.specs) {
      const found = weights.get(name);
      if (!found) throw new CheckpointError(`tensor ${name} is missing`, path);
      if (found.shape.join() !== shape.join()) {
        throw new CheckpointError(
          `tensor ${name} has shape [${found.shape}], config.json wants [${shape}]`,
          path,
        );
      }
      if (!found.data.every(Number.isFinite)) {
        throw new CheckpointError(`tensor ${name} holds values that are not finite`, path);
      }
    }
    const known = new Set(this.specs.map(spec => spec.name));
    const extra = [...weights.keys()].find(name => !known.has(name));
    if (extra)
      throw new CheckpointError(`tensor ${extra} is not part of a model with this config.json`, path);
    this.tensors = new Map(
      this.specs.map(({ name, shape }) => [name, tf.tensor(weights.get(name)!.data, [...shape])]),
    );
  }

  dispose(): void {
    tf.dispose([...this.tensors.values()]);
  }
}
