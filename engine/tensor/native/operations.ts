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

  /** Sum of tensors of one shape. */
  sum(parts: readonly Handle[]): Handle {
    if (parts.length === 1) return parts[0];
    const ids = parts.map(({ id }) => id);
    return this.#call('AddN', ids, [this.#number('N', parts.length), this.#float()]);
  }

  subtract(a: Handle | number, b: Handle | number): Handle {
    return this.#run('Sub', [a, b]);
  }

  negative(x: Handle): Handle {
    return this.#run('Neg', [x]);
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

  /** X of L X = b, or of Lᵀ X = b, with L lower triangular; what stands above its diagonal is never read. */
  solveLower(l: Handle, b: Handle, transposed = false): Handle {
    return this.#run('MatrixTriangularSolve', [l, b], transposed ? [this.#flag('adjoint')] : []);
  }

  /** Matrices [G, C, C] with zeros above their diagonals, whatever stood there. */
  lowerPart(x: Handle): Handle {
    const [all, none] = [-1, 0].map(count => this.#constants.integer(count));
    return this.#call('MatrixBandPart', [x.id, all, none]);
  }

  /** Square matrices [G, C, C] with ones on their diagonals. */
  withUnitDiagonal(x: Handle): Handle {
    const shape = x.shape.slice(0, -1);
    const size = shape.reduce((product, each) => product * each, 1);
    const ones = this.#constants.get(`ones ${shape}`, shape, () => new Float32Array(size).fill(1));
    return this.#call('MatrixSetDiag', [x.id, ones]);
  }

  /** Square matrices [G, C, C] with zeros on and above their diagonals; they must be finite. */
  belowDiagonal(x: Handle): Handle {
    const size = x.shape[2];
    const below = (at: number) => (at % size < Math.floor(at / size) ? 1 : 0);
    const made = () => Float32Array.from({ length: size * size }, (_, at) => below(at));
    const mask = this.#constants.get(`below ${size}`, [size, size], made);
    return this.#call('Mul', [x.id, mask]);
  }

  /** Lengths along the last axis, which is kept as 1. */
  rowNorms(x: Handle): Handle {
    const axis = this.#constants.integer(x.shape.length - 1);
    return this.#call('EuclideanNorm', [x.id, axis], [this.#flag('keep_dims')]);
  }

  /** Sums along axes, which are kept as 1. */
  sums(x: Handle, axes: readonly number[]): Handle {
    return this.#call('Sum', [x.id, this.#constants.integers(axes)], [this.#flag('keep_dims')]);
  }

  /** Sums of all elements up to each along an axis, with it or `without` it, or `fromEnd` down to it. */
  runningSums(x: Handle, axis: number, { without = false, fromEnd = false } = {}): Handle {
    const attributes = [
      ...(without ? [this.#flag('exclusive')] : []),
      ...(fromEnd ? [this.#flag('reverse')] : []),
    ];
    return this.#call('Cumsum', [x.id, this.#constants.integer(axis)], attributes);
  }

  /** x where `sign` is positive, 0 elsewhere; x must be finite. */
  where(x: Handle, sign: Handle): Handle {
    return this.#run('ReluGrad', [x, sign]);
  }

  /** With rows of zeros behind those of each matrix of [G, R, D]. */
  padRows(x: Handle, rows: number): Handle {
    const key = `rows ${rows}`;
    const padding = this.#constants.get(key, [3, 2], () => Int32Array.of(0, 0, 0, rows, 0, 0));
    return this.#call('Pad', [x.id, padding]);
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
    const ids = [...parts.map(({ id }) => id), this.#constants.integer(axis)];
    return this.#call('ConcatV2', ids, [this.#number('N', parts.length), this.#float()]);
  }

  #flag(name: string): Attribute {
    return { name, type: this.#backend.binding.TF_ATTR_BOOL, value: true };
  }

  /** Type of the elements, which TensorFlow does not infer from inputs that come in a list. */
  #float(): Attribute {
    const { TF_ATTR_TYPE, TF_FLOAT } = this.#backend.binding;
    return { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
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
