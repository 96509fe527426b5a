import type { Allowed } from './unpickler.ts';
import { Tuple } from './unpickler.ts';

/** Numbers that PyTorch keeps in an entry or record of their own. */
export interface StorageName {
  readonly key: string;
  /** Undefined for a storage of bytes: then the tensor says. */
  readonly dtype?: string;
  /** Elements, bytes where the dtype is not known. */
  readonly length: number;
}

/** A tensor as a pickle describes it; all counted in elements, nothing checked against the storage yet. */
export class TorchTensor {
  constructor(
    readonly storage: StorageName,
    readonly dtype: string,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

const dtypes: Readonly<Record<string, string>> = {
  float64: 'F64',
  double: 'F64',
  float32: 'F32',
  float: 'F32',
  float16: 'F16',
  half: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  int64: 'I64',
  long: 'I64',
  int32: 'I32',
  int: 'I32',
  int16: 'I16',
  short: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  bool: 'BOOL',
  complex64: 'C64',
  complex128: 'C128',
};

const storages: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
  ComplexDoubleStorage: 'C128',
};

const storageOf = new WeakMap<Allowed, string>();
const dtypeOf = new WeakMap<Allowed, string>();

/** All that a PyTorch checkpoint may name: its tensors, their storages and dtypes, and plain containers. */
export const TORCH_OBJECTS: ReadonlyMap<string, Allowed> = new Map(
  [
    ...Object.entries(storages).map(([name, dtype]) => known(`torch.${name}`, storageOf, dtype)),
    known('torch.storage.UntypedStorage', storageOf, ''),
    known('torch.UntypedStorage', storageOf, ''),
    ...Object.entries(dtypes).map(([name, dtype]) => known(`torch.${name}`, dtypeOf, dtype)),
    { name: 'torch._utils._rebuild_tensor', make: tensor },
    { name: 'torch._utils._rebuild_tensor_v2', make: tensor },
    {
      name: 'torch._utils._rebuild_tensor_v3',
      make: (items: readonly unknown[]) => tensor(items, dtypeOf.get(items[6] as Allowed)),
    },
    { name: 'torch._utils._rebuild_parameter', make: parameter },
    { name: 'torch._utils._rebuild_parameter_with_state', make: parameter },
    { name: 'torch.Size', make: ([sizes]: readonly unknown[]) => sizes },
    { name: 'torch.device', make: (items: readonly unknown[]) => items.map(String).join(':') },
    { name: 'collections.OrderedDict', make: dictionary },
    { name: 'collections.defaultdict', make: () => new Map() },
    { name: 'builtins.dict' },
    { name: 'builtins.list' },
    { name: 'builtins.int' },
    { name: 'builtins.float' },
    { name: 'builtins.set', make: ([items]: readonly unknown[]) => new Set(list(items)) },
    { name: '__builtin__.set', make: ([items]: readonly unknown[]) => new Set(list(items)) },
    { name: '_codecs.encode', make: ([text]: readonly unknown[]) => Buffer.from(String(text), 'latin1') },
  ].map(allowed => [allowed.name, allowed]),
);

/** What the persistent id ('storage', type, key, device, length) stands for. @throws RangeError for another one */
export function storageName(id: readonly unknown[]): StorageName {
  const [kind, type, key, , length, view] = id;
  const dtype = storageOf.get(type as Allowed);
  if (kind !== 'storage' || dtype === undefined) throw new RangeError('a persistent id is not a storage');
  if (view !== undefined && view !== null) throw new RangeError('a storage is part of another one');
  if (typeof key !== 'string' || !isCount(length)) throw new RangeError('a storage has no name or length');
  return { key, dtype: dtype || undefined, length };
}

function tensor([storage, offset, shape, strides]: readonly unknown[], dtype?: string): TorchTensor {
  const name = storage as StorageName;
  const type = dtype ?? name?.dtype;
  if (typeof name?.key !== 'string' || type === undefined) throw new RangeError('a tensor has no storage');
  if (!isCount(offset)) throw new RangeError('a tensor starts at no place of its storage');
  const sizes = counts(shape);
  const steps = counts(strides);
  if (sizes.length !== steps.length) throw new RangeError('shape and strides of a tensor differ in length');
  return new TorchTensor(name, type, offset, sizes, steps);
}

function parameter([data]: readonly unknown[]): unknown {
  if (!(data instanceof TorchTensor)) throw new RangeError('a parameter has no tensor');
  return data;
}

function dictionary([pairs]: readonly unknown[]): Map<unknown, unknown> {
  return new Map(
    list(pairs).map(pair => {
      const items = pair instanceof Tuple ? pair.items : list(pair);
      if (items.length !== 2) throw new RangeError('a dictionary has an item that is no pair');
      return [items[0], items[1]];
    }),
  );
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (value instanceof Tuple) return value.items;
  if (Array.isArray(value)) return value;
  throw new RangeError('a list is something else');
}

function counts(value: unknown): number[] {
  const items = list(value);
  if (!items.every(isCount))
    throw new RangeError('a shape or stride is not a whole number from 0 to 2^53 − 1');
  return items as number[];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function known(name: string, table: WeakMap<Allowed, string>, dtype: string): Allowed {
  const allowed = { name };
  table.set(allowed, dtype);
  return allowed;
}
