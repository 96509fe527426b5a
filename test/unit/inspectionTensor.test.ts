import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Archive, rowMajor } from '../../engine/archive/archive.ts';
import { heatMap } from '../../engine/inspection/heatMap.ts';
import { histogram } from '../../engine/inspection/histogram.ts';
import { largestSingular } from '../../engine/inspection/randomProjection.ts';
import { sampleOf } from '../../engine/inspection/sample.ts';
import { defaultChoice, placeOf, readSlice } from '../../engine/inspection/slice.ts';
import { sliceSpectrum } from '../../engine/inspection/sliceSpectrum.ts';
import { Statistics } from '../../engine/inspection/statistics.ts';
import { makeArchive, normal } from '../support/checkpointFiles.ts';
import { expectNear } from '../support/near.ts';

let folder: string;
let archive: Archive;
const shape = [3, 4, 5, 6];
const values = normal(360, 1);
const long = normal(20_000, 2);
const ranked = lowRank(700, 600, 80);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-inspection-'));
  archive = await makeArchive(folder, 'four', {
    four: { shape, data: values },
    long: { shape: [200, 100], data: long },
    ranked: { shape: [700, 600], data: ranked },
    vector: { shape: [7], data: normal(7, 3) },
    scalar: { shape: [], data: Float32Array.of(2) },
    empty: { shape: [0, 3], data: new Float32Array(0) },
  });
});
afterAll(async () => {
  await archive.close();
  rmSync(folder, { recursive: true });
});

/** Σ 0.9^k u_k v_kᵀ plus a little noise. */
function lowRank(rows: number, columns: number, rank: number): Float32Array {
  const data = normal(rows * columns, 5, 1e-4);
  for (let k = 0; k < rank; k++) {
    const u = normal(rows, 10 + k);
    const v = normal(columns, 1000 + k);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) data[i * columns + j] += 0.9 ** k * u[i] * v[j];
  }
  return data;
}

describe('statistics', () => {
  test('of pieces are those of the whole, and broken values are counted apart', () => {
    const all = Float32Array.of(
      3,
      -4,
      Number.NaN,
      0,
      Number.POSITIVE_INFINITY,
      -0,
      1.5,
      Number.NEGATIVE_INFINITY,
    );
    const statistics = new Statistics();
    statistics.add(all.subarray(0, 3));
    statistics.add(all.subarray(3));
    const mean = 0.5 / 5;
    const squares = 9 + 16 + 2.25;
    expect(statistics.result()).toMatchObject({
      read: 8,
      total: 8,
      nan: 1,
      infinite: 2,
      zeros: 2,
      min: -4,
      max: 3,
    });
    expect(statistics.result().mean).toBeCloseTo(mean, 12);
    expect(statistics.result().deviation).toBeCloseTo(Math.sqrt(squares / 5 - mean ** 2), 12);
    expect(new Statistics().result().norm).toBe(0);
  });

  test('of a sample let its norm be expected of the whole', async () => {
    const tensor = archive.tensors.get('long')!;
    const { values: some, total } = await sampleOf(archive, tensor, undefined, 8192);
    expect([some.length, total]).toEqual([8192, 20_000]);
    // The first block and the last one.
    expect(some[0]).toBe(long[0]);
    expect(some.at(-1)).toBe(long.at(-1));
    const statistics = new Statistics();
    statistics.add(some);
    const { norm, read } = statistics.result(total);
    expect(read).toBe(8192);
    expect(norm / Math.hypot(...long)).toBeCloseTo(1, 1);
  });
});

test('a histogram counts every finite value once', () => {
  const data = Float64Array.of(-1, -0.5, 0, 0.25, 1, Number.NaN, Number.POSITIVE_INFINITY);
  expect(Array.from(histogram(data, -1, 1, 4).counts)).toEqual([1, 1, 2, 1]);
  expect(Array.from(histogram(Float64Array.of(2, 2), 2, 2).counts)).toEqual([2]);
});

describe('slices', () => {
  const steps = rowMajor(shape);
  const at = [2, 1, 3, 4];

  test.each(
    [0, 1, 2, 3].flatMap(row => [0, 1, 2, 3].filter(column => column !== row).map(column => [row, column])),
  )('axes %i and %i of four', async (rowAxis, columnAxis) => {
    const tensor = archive.tensors.get('four')!;
    const element = (row: number, column: number) => {
      const place = at.map((index, axis) => (axis === rowAxis ? row : axis === columnAxis ? column : index));
      return values[place.reduce((sum, index, axis) => sum + index * steps[axis], 0)];
    };
    for (const most of [2 ** 22, 8]) {
      const slice = await readSlice(archive, tensor, { rowAxis, columnAxis, at }, undefined, most);
      expect([slice.height, slice.width]).toEqual([shape[rowAxis], shape[columnAxis]]);
      slice.rows.forEach((row, i) => {
        slice.columns.forEach((column, j) => {
          expect(slice.data[i * slice.columns.length + j]).toBe(element(row, column));
        });
      });
      if (most > 8) expect(slice.rows.length).toBe(shape[rowAxis]);
    }
  });

  test('of a vector, a scalar and nothing', async () => {
    for (const [name, size] of [
      ['vector', [1, 7]],
      ['scalar', [1, 1]],
      ['empty', [0, 3]],
    ] as const) {
      const tensor = archive.tensors.get(name)!;
      const slice = await readSlice(archive, tensor, defaultChoice(tensor.shape));
      expect([slice.height, slice.width], name).toEqual(size);
    }
  });

  test('axes and indices that are not there are refused', () => {
    expect(() => placeOf(shape, { rowAxis: 1, columnAxis: 1, at })).toThrow(/two different axes/);
    expect(() => placeOf(shape, { rowAxis: 0, columnAxis: 4, at })).toThrow(/two different axes/);
    expect(() => placeOf(shape, { rowAxis: 0, columnAxis: 1, at: [0, 0, 5, 0] })).toThrow(
      /index 5 is not on axis 2/,
    );
  });

  test('cells are root mean squares, and rows have their norms', async () => {
    const slice = await readSlice(archive, archive.tensors.get('long')!, defaultChoice([200, 100]));
    const map = heatMap(slice, 20, 25);
    expect([map.down, map.across, map.read]).toEqual([20, 25, 20_000]);
    const cell = (row: number, column: number) => {
      const inside: number[] = [];
      for (let i = row * 10; i < row * 10 + 10; i++) {
        for (let j = column * 4; j < column * 4 + 4; j++) inside.push(long[i * 100 + j]);
      }
      return inside;
    };
    for (const [row, column] of [
      [0, 0],
      [7, 13],
      [19, 24],
    ]) {
      const inside = cell(row, column);
      expect(map.rms[row * 25 + column]).toBeCloseTo(
        Math.sqrt(inside.reduce((sum, v) => sum + v * v, 0) / 40),
        6,
      );
      expect(map.mean[row * 25 + column]).toBeCloseTo(inside.reduce((sum, v) => sum + v, 0) / 40, 6);
    }
    const norms = Array.from({ length: 200 }, (_, i) => Math.hypot(...long.subarray(i * 100, i * 100 + 100)));
    expectNear(map.rowNorms, norms, 'row norms');
  });
});

describe('singular values', () => {
  const reference = new SingularValueDecomposition(Matrix.from1DArray(700, 600, ranked), {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  }).diagonal;

  test('by random projection lie within the errors that it says', async () => {
    const { values: found, errors } = await largestSingular({ rows: 700, columns: 600, data: ranked }, 40);
    found.forEach((value, i) => {
      const nearest = Math.min(...reference.map(exact => Math.abs(exact - value)));
      expect(nearest, `σ ${i}`).toBeLessThanOrEqual(errors[i] + 1e-6 * reference[0]);
    });
    expectNear(found.subarray(0, 30), reference.slice(0, 30), 'σ', { relative: 1e-4 });
    expect(errors[0] / found[0]).toBeLessThan(1e-4);
  });

  test('of a large slice, of a small one, and of one row', async () => {
    const tensor = archive.tensors.get('ranked')!;
    const large = await sliceSpectrum(await readSlice(archive, tensor, defaultChoice(tensor.shape)));
    expect(large).toMatchObject({ method: 'random projection', of: 600, rows: 700, columns: 600 });
    expect(large.accuracy).toBeLessThan(0.01);
    expect(large.stableRank).toBeCloseTo(reference.reduce((s, v) => s + v * v, 0) / reference[0] ** 2, 2);
    expect(large.effectiveRank).toBeUndefined();
    const four = archive.tensors.get('four')!;
    const small = await sliceSpectrum(await readSlice(archive, four, defaultChoice(shape)));
    expect(small).toMatchObject({ method: 'exact', of: 5 });
    expect(small.effectiveRank).toBeGreaterThan(1);
  });

  test('of a sample of rows are about those of the whole', async () => {
    const tensor = archive.tensors.get('ranked')!;
    const slice = await readSlice(archive, tensor, defaultChoice(tensor.shape), undefined, 350 * 600);
    expect(slice.whole).toBe(false);
    const found = await sliceSpectrum(slice);
    expect(found.method).toBe('sample of rows');
    expect(found.accuracy).toBeUndefined();
    expect(found.values[0] / reference[0]).toBeCloseTo(1, 0);
    expect(found.norm / Math.hypot(...reference)).toBeCloseTo(1, 1);
  });

  test('are refused of what is not finite, and end when nobody wants them', async () => {
    const broken = {
      height: 1,
      width: 2,
      rows: new Uint32Array(1),
      columns: Uint32Array.of(0, 1),
      whole: true,
    };
    await expect(sliceSpectrum({ ...broken, data: Float64Array.of(1, Number.NaN) })).rejects.toThrow(
      /not finite/,
    );
    const matrix = { rows: 700, columns: 600, data: ranked };
    await expect(largestSingular(matrix, 8, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});
