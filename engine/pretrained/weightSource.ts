import { type Archive, elementsOf, type StoredTensor } from '../archive/archive.ts';
import { bareName } from '../archive/tensorNames.ts';
import { readValues } from '../archive/values.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { NamedTensor } from '../checkpoint/safetensors.ts';

/** A part of another model's matrix that becomes a tensor of ours. */
export interface Source {
  /** Name in the file, without its prefix. */
  readonly from: string;
  readonly shape: readonly number[];
  /** Where the file has the matrix as [in, out]: the first of its columns that are taken, and all of its columns. */
  readonly columns?: { readonly first: number; readonly all: number };
}

/** Tensors of ours by name, each with where it is in the file. */
export type Sources = ReadonlyMap<string, Source>;

/** Another model's weights under names of ours. */
export class WeightSource {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  /** @param prefix in front of every name but the head's, where the file has it */
  constructor(
    readonly archive: Archive,
    private readonly prefix: string,
  ) {
    this.#tensors = new Map([...archive.tensors.values()].map(tensor => [bareName(tensor.name), tensor]));
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Files that hold the weights, each once, sorted. */
  get files(): string[] {
    return [...new Set([...this.archive.tensors.values()].map(({ file }) => file))].sort();
  }

  /** @throws CheckpointError naming a tensor that is missing, has another shape or is not finite */
  async read(sources: Sources): Promise<Map<string, NamedTensor>> {
    const found = new Map<string, NamedTensor>();
    for (const [name, source] of sources) found.set(name, await this.#one(name, source));
    return found;
  }

  async #one(name: string, { from, shape, columns }: Source): Promise<NamedTensor> {
    const tensor = this.#find(from);
    const { path } = this.archive;
    if (!tensor) throw new CheckpointError(`tensor ${from} is missing`, path);
    const wanted = columns ? [...shape.slice(1), columns.all] : shape;
    if (tensor.shape.join() !== wanted.join()) {
      throw new CheckpointError(`tensor ${from} has shape [${tensor.shape}], config wants [${wanted}]`, path);
    }
    const values = new Float32Array(await readValues(this.archive, tensor));
    const at = values.findIndex(value => !Number.isFinite(value));
    if (at >= 0) {
      const fault = `value ${at} of ${elementsOf(tensor)} is ${values[at]}, not a finite float32 number`;
      throw new CheckpointError(`tensor ${from}: ${fault}`, path);
    }
    const data = columns ? transposed(values, shape, columns) : values;
    return { name, dtype: tensor.dtype, shape, data };
  }

  #find(name: string): StoredTensor | undefined {
    return this.#tensors.get(this.prefix + name) ?? this.#tensors.get(name);
  }
}

/** Columns `first` on of [in, all] as rows, [out, in]; of a vector the entries from `first` on. */
function transposed(
  values: Float32Array,
  [out, inner = 1]: readonly number[],
  { first, all }: { readonly first: number; readonly all: number },
): Float32Array {
  const result = new Float32Array(out * inner);
  for (let i = 0; i < inner; i++) {
    for (let o = 0; o < out; o++) result[o * inner + i] = values[i * all + first + o];
  }
  return result;
}
