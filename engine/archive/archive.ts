/** A tensor of a checkpoint and where its values lie. */
export interface StoredTensor {
  readonly name: string;
  /** As safetensors names it; `C64` and `C128` can be listed, but their values cannot be read. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** File that holds it. */
  readonly file: string;
  /** Bytes of the file that hold the values; of a compressed tensor those of its compressed data. */
  readonly begin: number;
  readonly end: number;
  readonly compressed?: boolean;
  /** Elements from one to the next along each axis, where the values are not in row-major order. */
  readonly strides?: readonly number[];
  /** Dictionary keys and list indices that lead to it in a PyTorch file. */
  readonly keys?: readonly (string | number)[];
  /** First tensor that shares all of these values: tied weights. */
  readonly sameAs?: string;
}

export type ArchiveFormat =
  | 'safetensors'
  | 'sharded safetensors'
  | 'PyTorch'
  | 'sharded PyTorch'
  | 'PyTorch, legacy'
  | 'NumPy'
  | 'fast state';

/** A checkpoint of any format, open: the list of its tensors is in memory, their values are on disk. */
export interface Archive {
  /** The file or folder that was opened. */
  readonly path: string;
  readonly format: ArchiveFormat;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file says besides its tensors. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How the model was built: a `config.json` beside it, or what a PyTorch file keeps under `config`. */
  readonly config?: unknown;
  /** What the reader left out or did not check, one sentence each. */
  readonly notes: readonly string[];
  /**
   * Elements `from` to `to` of a tensor, counted in row-major order, little-endian and next to each other, perhaps in
   * the memory of `into`.
   * @throws CheckpointError when the file cannot be read or is damaged there
   */
  read(tensor: StoredTensor, from: number, to: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Number of elements; 1 for a scalar. */
export function elementsOf({ shape }: Pick<StoredTensor, 'shape'>): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Elements from one to the next along each axis in row-major order. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}
