import type { HeatMap } from '../protocol/inspection.ts';
import type { Slice } from './slice.ts';

const mostNorms = 512;

/** A slice as at most `down` × `across` cells. */
export function heatMap(
  { height, width, rows, columns, data }: Slice,
  down: number,
  across: number,
): HeatMap {
  const cellsDown = Math.min(down, height);
  const cellsAcross = Math.min(across, width);
  const squares = new Float64Array(cellsDown * cellsAcross);
  const sums = new Float64Array(squares.length);
  const counts = new Float64Array(squares.length);
  const norms = new Float64Array(rows.length);
  const columnCell = Uint32Array.from(columns, column => Math.floor((column * cellsAcross) / width));
  for (let i = 0; i < rows.length; i++) {
    const first = Math.floor((rows[i] * cellsDown) / height) * cellsAcross;
    let norm = 0;
    for (let j = 0; j < columns.length; j++) {
      const value = data[i * columns.length + j];
      if (value - value !== 0) continue;
      const cell = first + columnCell[j];
      squares[cell] += value * value;
      sums[cell] += value;
      counts[cell]++;
      norm += value * value;
    }
    norms[i] = Math.sqrt((norm * width) / columns.length);
  }
  const step = Math.max(1, Math.ceil(rows.length / mostNorms));
  const shown = Uint32Array.from({ length: Math.ceil(rows.length / step) }, (_, i) => i * step);
  return {
    rows: height,
    columns: width,
    down: cellsDown,
    across: cellsAcross,
    rms: Float32Array.from(squares, (square, i) => Math.sqrt(square / counts[i])),
    mean: Float32Array.from(sums, (sum, i) => sum / counts[i]),
    rowNorms: Float32Array.from(shown, i => norms[i]),
    rowIndices: shown.map(i => rows[i]),
    read: data.length,
  };
}
