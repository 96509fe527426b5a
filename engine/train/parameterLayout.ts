import type { HopeConfig } from '../checkpoint/config.ts';
import { hasDefect } from '../checkpoint/kmConfig.ts';
import { type ParameterSpec, parameterSpecs } from '../model/parameters.ts';
import { tensorOf } from '../tensor/flatCopies.ts';
import type { tf } from '../tensor/tf.ts';

/** All parameters end to end in one array, in file order, as weights, moments and gradients are kept. */
export class ParameterLayout {
  readonly specs: readonly ParameterSpec[];
  readonly offsets: readonly number[];
  readonly size: number;

  constructor(private readonly config: HopeConfig) {
    this.specs = parameterSpecs(config);
    let size = 0;
    this.offsets = this.specs.map(({ shape }) => {
      const at = size;
      size += shape.reduce((product, extent) => product * extent, 1);
      return at;
    });
    this.size = size;
  }

  /** Whether the outer loop learns parameter i: all but what mode km leaves as it was drawn. */
  learned(i: number): boolean {
    return this.specs[i].level !== 'projections' || !hasDefect(this.config, 'unlearned-memories');
  }

  /** The part of a flat array that belongs to parameter i. */
  part(flat: Float32Array, i: number): Float32Array {
    return flat.subarray(this.offsets[i], this.offsets[i + 1] ?? this.size);
  }

  tensors(flat: Float32Array): tf.Tensor[] {
    return this.specs.map(({ shape }, i) => tensorOf(this.part(flat, i), shape));
  }

  flatten(parts: ReadonlyMap<string, Float32Array>, flat: Float32Array): Float32Array {
    this.specs.forEach(({ name }, i) => {
      this.part(flat, i).set(parts.get(name)!);
    });
    return flat;
  }

  split(flat: Float32Array): Map<string, Float32Array> {
    return new Map(this.specs.map(({ name }, i) => [name, this.part(flat, i)]));
  }
}
