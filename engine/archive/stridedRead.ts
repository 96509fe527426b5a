import type { Storage } from './storage.ts';

// Read at once though not all of it is wanted; beyond that elements are fetched one by one.
const widestSpan = 2 ** 24;

/** Where the elements of a tensor lie in its storage, all counted in elements. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/**
 * Elements `from` to `to`, counted in row-major order, of a tensor that lies in its storage in another order, next to
 * each other.
 * @param size bytes of an element
 */
export async function readStrided(
  storage: Storage,
  layout: Layout,
  size: number,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const result = new Uint8Array((to - from) * size);
  for (let at = from; at < to; ) {
    const indices = indicesOf(layout, at, Math.min(to, at + 65_536));
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const index of indices) {
      if (index < least) least = index;
      if (index > most) most = index;
    }
    const begin = (at - from) * size;
    if ((most + 1 - least) * size <= widestSpan) {
      const span = await storage.read(least * size, (most + 1) * size);
      gather(span, indices, least, size, result, begin);
    } else {
      for (let i = 0; i < indices.length; i++) {
        const bytes = await storage.read(indices[i] * size, (indices[i] + 1) * size);
        result.set(bytes, begin + i * size);
      }
    }
    at += indices.length;
  }
  return result;
}

function gather(
  span: Uint8Array,
  indices: Float64Array,
  least: number,
  size: number,
  into: Uint8Array,
  begin: number,
): void {
  for (let i = 0; i < indices.length; i++) {
    const source = (indices[i] - least) * size;
    for (let byte = 0; byte < size; byte++) into[begin + i * size + byte] = span[source + byte];
  }
}

/** Storage indices of elements `from` to `to`. */
function indicesOf({ shape, strides, offset }: Layout, from: number, to: number): Float64Array {
  const indices = new Float64Array(to - from);
  const place = new Array<number>(shape.length).fill(0);
  let index = offset;
  for (let axis = shape.length - 1, rest = from; axis >= 0; axis--) {
    place[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
    index += place[axis] * strides[axis];
  }
  for (let i = 0; i < indices.length; i++) {
    indices[i] = index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]++;
      index += strides[axis];
      if (place[axis] < shape[axis]) break;
      index -= place[axis] * strides[axis];
      place[axis] = 0;
    }
  }
  return indices;
}
