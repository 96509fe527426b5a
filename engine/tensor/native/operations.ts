import type { TensorInfo } from '#tfjs';
import type { Attribute, Handle, HostBackend } from './hostBackend.ts';

/** Which sides of a product are transposed. */
interface Transposed {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** Small tensors that operations get as inputs, made at their first use and kept. */
class Constants {
  readonly #ids = new Map<string, number>();

  constructor(readonly backend: HostBackend) {}

  /** @param key tells the constant from all others @param values of float32 or int32 */
  get(key: string, shape: readonly number[], values: () => Float32Array | Int32Array): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      const { binding } = this.backend;
      const made = values();
      const dtype = made instanceof Float32Array ? binding.TF_FLOAT : binding.TF_INT32;
      id = binding.createTensor(shape, dtype, made);
      this.#ids.set(key, id);
    }
    return id;
  }

  scalar(value: number): number {
    return this.get(`${value}`, [], () => Float32Array.of(value));
  }

  integer(value: number): number {
    return this.get(`axis ${value}`, [], () => Int32Array.of(value));
  }

  integers(values: readonly number[]): number {
    return this.get(`list ${values}`, [values.length], () => Int32Array.from(values));
  }
}

const constantsOf = new WeakMap<HostBackend, Constants>();

/**
 * TensorFlow's operations called one by one, past the tensor library, whose part of a call takes longer than a small
 * operation itself. All of them exist for CUDA as well. What they make is freed by `end`, except what was given away.
 */
export class Operations {
  readonly #backend: HostBackend;
  readonly #constants: Constants;
  readonly #made: Handle[] = [];
  readonly #given = new Set<Handle>();

  constructor(backend: HostBackend) {
    this.#backend = backend;
    const constants = constantsOf.get(backend) ?? new Constants(backend);
    constantsOf.set(backend, constants);
    this.#constants = constants;
  }

  /** A tensor of the library as an input; it stays the library's. */
  of(tensor: TensorInfo): Handle {
    const [id] = this.#backend.getInputTensorIds([tensor]);
    return { id, shape: tensor.shape, dtype: this.#backend.binding.TF_FLOAT };
  }

  /** Makes a result a tensor of the library. */
  give(handle: Handle): TensorInfo {
    this.#given.add(handle);
    return this.#backend.createOutputTensor(handle);
  }

  /** Frees everything that was made and not given away. */
  end(): void {
    const { binding } = this.#backend;
    for (const handle of this.#made) if (!this.#given.has(handle)) binding.deleteTensor(handle.id);
  }

  add(a: Handle, b: Handle | number): Handle {
    return this.#run('AddV2', [a, b]);
  }

  subtract(a: Handle | number, b: Handle): Handle {
    return this.#run('Sub', [a, b]);
  }

  multiply(a: Handle, b: Handle | number): Handle {
    return this.#run('Mul', [a, b]);
  }

  divide(a: Handle | number, b: Handle): Handle {
    return this.#run('RealDiv', [a, b]);
  }

  maximum(a: Handle, b: number): Handle {
    return this.#run('Maximum', [a, b]);
  }

  square(x: Handle): Handle {
    return this.#run('Square', [x]);
  }

  exponential(x: Handle): Handle {
    return this.#run('Exp', [x]);
  }

  errorFunction(x: Handle): Handle {
    return this.#run('Erf', [x]);
  }

  /** Product of the last two axes; the others are a batch. */
  product(a: Handle, b: Handle, { a: left = false, b: right = false }: Transposed = {}): Handle {
    const attributes = [...(left ? [this.#flag('adj_x')] : []), ...(right ? [this.#flag('adj_y')] : [])];
    return this.#run('BatchMatMulV2', [a, b], attributes);
  }

  /** X of L X = b with L lower triangular; what stands above its diagonal is never read. */
  solveLower(l: Handle, b: Handle): Handle {
    return this.#run('MatrixTriangularSolve', [l, b]);
  }

  /** Square matrices [G, C, C] with ones on their diagonals. */
  withUnitDiagonal(x: Handle): Handle {
    const shape = x.shape.slice(0, -1);
    const size = shape.reduce((product, each) => product * each, 1);
    const ones = this.#constants.get(`ones ${shape}`, shape, () => new Float32Array(size).fill(1));
    return this.#call('MatrixSetDiag', [x.id, ones]);
  }

  /** Lengths along the last axis, which is kept as 1. */
  rowNorms(x: Handle): Handle {
    const axis = this.#constants.integer(x.shape.length - 1);
    return this.#call('EuclideanNorm', [x.id, axis], [this.#flag('keep_dims')]);
  }

  /** Sums of all elements up to each along an axis. */
  runningSums(x: Handle, axis: number): Handle {
    return this.#call('Cumsum', [x.id, this.#constants.integer(axis)]);
  }

  reshape(x: Handle, shape: readonly number[]): Handle {
    return this.#call('Reshape', [x.id, this.#constants.integers(shape)]);
  }

  /** The same elements with an axis of 1 more. */
  expand(x: Handle, axis: number): Handle {
    return this.#call('ExpandDims', [x.id, this.#constants.integer(axis)]);
  }

  /** Part of an axis. */
  part(x: Handle, axis: number, from: number, count: number): Handle {
    const begin = x.shape.map((_, i) => (i === axis ? from : 0));
    const size = x.shape.map((_, i) => (i === axis ? count : -1));
    return this.#call('Slice', [x.id, this.#constants.integers(begin), this.#constants.integers(size)]);
  }

  /** Parts of an axis one after another. */
  split(x: Handle, axis: number, sizes: readonly number[]): Handle[] {
    const ids = [x.id, this.#constants.integers(sizes), this.#constants.integer(axis)];
    return this.#callFor(sizes.length, 'SplitV', ids, [this.#number('num_split', sizes.length)]);
  }

  concatenate(parts: readonly Handle[], axis: number): Handle {
    const { TF_ATTR_TYPE, TF_FLOAT } = this.#backend.binding;
    const ids = [...parts.map(({ id }) => id), this.#constants.integer(axis)];
    const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
    return this.#call('ConcatV2', ids, [this.#number('N', parts.length), type]);
  }

  #flag(name: string): Attribute {
    return { name, type: this.#backend.binding.TF_ATTR_BOOL, value: true };
  }

  #number(name: string, value: number): Attribute {
    return { name, type: this.#backend.binding.TF_ATTR_INT, value };
  }

  #run(name: string, inputs: readonly (Handle | number)[], attributes: readonly Attribute[] = []): Handle {
    const ids = inputs.map(input => (typeof input === 'number' ? this.#constants.scalar(input) : input.id));
    return this.#call(name, ids, attributes);
  }

  #call(name: string, ids: number[], attributes: readonly Attribute[] = []): Handle {
    return this.#callFor(1, name, ids, attributes)[0];
  }

  #callFor(outputs: number, name: string, ids: number[], attributes: readonly Attribute[]): Handle[] {
    const made = this.#backend.binding.executeOp(name, attributes, ids, outputs);
    this.#made.push(...made);
    return made;
  }
}
