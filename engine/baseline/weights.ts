import { type Archive, elementsOf, type StoredTensor } from '../archive/archive.ts';
import { bareName } from '../archive/tensorNames.ts';
import { readValues } from '../archive/values.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { FieldReader } from '../checkpoint/fieldReader.ts';
import type { Rows, Weight } from './rows.ts';
import { rows } from './rows.ts';

/** The weights of a checkpoint by their bare names, one after the other in memory. */
export class Weights {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  constructor(
    readonly archive: Archive,
    /** In front of every name but the head's, where the file has it. */
    private readonly prefix: string,
  ) {
    this.#tensors = new Map([...archive.tensors.values()].map(tensor => [bareName(tensor.name), tensor]));
  }

  /** How the model was built. @throws CheckpointError when the checkpoint does not say */
  get config(): FieldReader {
    const { archive } = this;
    if (archive.config === undefined) {
      throw new CheckpointError(
        'does not say how the model was built',
        archive.path,
        'Give the folder with config.json, or the .pt file that the trainer wrote.',
      );
    }
    return new FieldReader(archive.config, archive.path);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  shape(name: string): readonly number[] | undefined {
    return this.#find(name)?.shape;
  }

  /** @param shape that it must have, where the caller knows @throws CheckpointError when it is missing or another */
  async get(name: string, shape?: readonly number[]): Promise<Weight> {
    const tensor = this.#find(name);
    const { path } = this.archive;
    if (!tensor) throw new CheckpointError(`tensor ${name} is missing`, path);
    if (shape && tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(`tensor ${name} has shape [${tensor.shape}], config wants [${shape}]`, path);
    }
    return { shape: tensor.shape, data: await readValues(this.archive, tensor) };
  }

  async optional(name: string): Promise<Weight | undefined> {
    return this.has(name) ? this.get(name) : undefined;
  }

  /** Rows of an embedding, each read alone. @throws CheckpointError for a token that it has not */
  async embed(name: string, ids: readonly number[], width: number): Promise<Rows> {
    const tensor = this.#find(name);
    const { path } = this.archive;
    if (tensor?.shape.length !== 2 || tensor.shape[1] !== width) {
      throw new CheckpointError(`tensor ${name} is missing or not of width ${width}`, path);
    }
    const result = rows(ids.length, width);
    for (const [t, id] of ids.entries()) {
      if (!(id < tensor.shape[0])) {
        throw new CheckpointError(
          `token ${id} is not among its ${tensor.shape[0]}`,
          path,
          'Give other tokens.',
        );
      }
      const from = id * width;
      result.data.set(
        await readValues(this.archive, tensor, from, Math.min(elementsOf(tensor), from + width)),
        t * width,
      );
    }
    return result;
  }

  #find(name: string): StoredTensor | undefined {
    return this.#tensors.get(this.prefix + name) ?? this.#tensors.get(name);
  }
}
