import { type Archive, rowMajor, type StoredTensor } from '../archive/archive.ts';
import type { Values } from '../archive/dtype.ts';
import { readValues } from '../archive/values.ts';
import type { SliceChoice } from '../protocol/inspection.ts';
import { breath } from './breath.ts';

// What is read of a slice that is larger: whole rows where they lie together, else a grid of values.
const mostRead = 2 ** 22;
const widestSpan = 2 ** 24;
const gridSide = 192;

/** Values of a slice: all, or those at some rows and columns. Row-major, `rows.length` × `columns.length`. */
export interface Slice {
  /** Length of the axes. */
  readonly height: number;
  readonly width: number;
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly data: Float64Array;
  readonly whole: boolean;
}

/** Where a slice lies, in elements. */
interface Place {
  readonly height: number;
  readonly width: number;
  readonly offset: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** The last two axes at index 0 of the others; a vector is one row. */
export function defaultChoice(shape: readonly number[]): SliceChoice {
  return {
    rowAxis: Math.max(0, shape.length - 2),
    columnAxis: Math.max(0, shape.length - 1),
    at: shape.map(() => 0),
  };
}

/** @throws RangeError for axes or indices that the shape has not */
export function placeOf(shape: readonly number[], { rowAxis, columnAxis, at }: SliceChoice): Place {
  if (shape.length < 2) {
    return { height: 1, width: shape[0] ?? 1, offset: 0, rowStep: 0, columnStep: 1 };
  }
  const isAxis = (axis: number) => Number.isInteger(axis) && axis >= 0 && axis < shape.length;
  if (!isAxis(rowAxis) || !isAxis(columnAxis) || rowAxis === columnAxis) {
    throw new RangeError(`a slice needs two different axes of ${shape.length}`);
  }
  const steps = rowMajor(shape);
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    if (axis === rowAxis || axis === columnAxis) continue;
    const index = at[axis];
    if (!Number.isInteger(index) || index < 0 || index >= shape[axis]) {
      throw new RangeError(`index ${index} is not on axis ${axis} of length ${shape[axis]}`);
    }
    offset += index * steps[axis];
  }
  return {
    height: shape[rowAxis],
    width: shape[columnAxis],
    offset,
    rowStep: steps[rowAxis],
    columnStep: steps[columnAxis],
  };
}

/**
 * Reads a slice, whole where it is small, else evenly spaced rows or a grid of it.
 * @param most largest number of values that are read
 */
export async function readSlice(
  archive: Archive,
  tensor: StoredTensor,
  choice: SliceChoice,
  signal?: AbortSignal,
  most = mostRead,
): Promise<Slice> {
  const place = placeOf(tensor.shape, choice);
  const { height, width, offset, rowStep, columnStep } = place;
  const read = (from: number, to: number) => readValues(archive, tensor, from, to);
  const span = height && width ? (height - 1) * rowStep + (width - 1) * columnStep + 1 : 0;
  if (height * width <= most && span <= Math.max(most, widestSpan)) {
    const values = span ? await read(offset, offset + span) : new Float32Array(0);
    return { ...whole(place, values), whole: true };
  }
  const together = columnStep === 1 && width <= most;
  const rows = spaced(height, together ? Math.floor(most / width) : gridSide);
  const columns = spaced(width, together ? width : gridSide);
  const data = new Float64Array(rows.length * columns.length);
  for (let i = 0; i < rows.length; i++) {
    if (i % 16 === 0) await breath(signal);
    const start = offset + rows[i] * rowStep;
    if (together) data.set(await read(start, start + width), i * width);
    else {
      for (let j = 0; j < columns.length; j++) {
        const at = start + columns[j] * columnStep;
        data[i * columns.length + j] = (await read(at, at + 1))[0];
      }
    }
  }
  return { height, width, rows, columns, data, whole: false };
}

function whole({ height, width, rowStep, columnStep }: Place, values: Values): Omit<Slice, 'whole'> {
  const data = new Float64Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      data[row * width + column] = values[row * rowStep + column * columnStep];
    }
  }
  return { height, width, rows: spaced(height, height), columns: spaced(width, width), data };
}

/** At most `most` of the indices below `length`, evenly spaced, the first and the last among them. */
function spaced(length: number, most: number): Uint32Array {
  const count = Math.max(1, Math.min(length, most));
  if (length === 0) return new Uint32Array(0);
  return Uint32Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (length - 1)) / (count - 1)),
  );
}
