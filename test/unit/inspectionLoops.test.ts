import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Archive } from '../../engine/archive/archive.ts';
import { levelMapOf } from '../../engine/archive/levelMap.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { readValues } from '../../engine/archive/values.ts';
import { safetensorsHead } from '../../engine/checkpoint/safetensors.ts';
import { buildLoops } from '../../engine/inspection/build.mjs';
import { compareTensors } from '../../engine/inspection/compare.ts';
import { pairTensors } from '../../engine/inspection/pairs.ts';
import { statisticsOf } from '../../engine/inspection/statistics.ts';
import { tensorView } from '../../engine/inspection/tensorView.ts';
import type { TensorChangeRow } from '../../engine/protocol/inspection.ts';
import type { TensorPicture } from '../../engine/protocol/inspectorRequests.ts';
import { normal } from '../support/checkpointFiles.ts';

let folder: string;
const open: Archive[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-loops-'));
});
afterAll(async () => {
  await Promise.all(open.map(archive => archive.close()));
  rmSync(folder, { recursive: true });
});

async function file(name: string, dtype: string, bytes: Uint8Array, shape: number[]): Promise<Archive> {
  const path = join(folder, `${name}.safetensors`);
  const head = safetensorsHead(path, [{ name: 'w', dtype, shape, bytes: bytes.length }], {});
  writeFileSync(path, Buffer.concat([head, bytes]));
  open.push(await openArchive(path));
  return open.at(-1)!;
}
const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const float32 = (name: string, data: Float32Array) => file(name, 'F32', bytesOf(data), [data.length]);

/** One value after the other. */
function plain(values: ArrayLike<number>) {
  const counts = {
    nan: 0,
    infinite: 0,
    zeros: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
  let [sum, squares, finite] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value)) counts.nan++;
    else if (!Number.isFinite(value)) counts.infinite++;
    else {
      finite++;
      sum += value;
      squares += value * value;
      if (value === 0) counts.zeros++;
      counts.min = Math.min(counts.min, value);
      counts.max = Math.max(counts.max, value);
    }
  }
  return { ...counts, mean: sum / finite, norm: Math.sqrt(squares) };
}

async function expectPlain(archive: Archive): Promise<void> {
  const tensor = archive.tensors.get('w')!;
  const { mean, norm, ...counts } = plain(await readValues(archive, tensor));
  const found = await statisticsOf(archive, tensor);
  expect(found).toMatchObject(counts);
  expect(Math.abs(found.mean - mean)).toBeLessThanOrEqual(1e-11 * Math.max(counts.max, -counts.min));
  expect(found.norm / norm).toBeCloseTo(1, 11);
  expect(found.read).toBe(tensor.shape[0]);
}

describe('statistics', () => {
  // More than a piece, and an odd rest.
  const long = normal(2 ** 20 + 13, 1);

  test('of a tensor in several pieces are those of one value after the other', async () => {
    await expectPlain(await float32('long', long));
    await expectPlain(await float32('short', Float32Array.of(3e38, -0, 1e-45)));
  });

  test('count what is not finite, wherever it is', async () => {
    const broken = long.slice();
    broken.set([Number.NaN, Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY], 5000);
    broken[2 ** 20 + 12] = Number.NaN;
    await expectPlain(await float32('broken', broken));
  });

  test.each(['BF16', 'F16'])('of every %s', async dtype => {
    const codes = Uint16Array.from({ length: 2 ** 16 + 3 }, (_, code) => code);
    await expectPlain(await file(dtype, dtype, bytesOf(codes), [codes.length]));
    // As many as fill the memory for them, finite ones.
    const many = Uint16Array.from({ length: 2 ** 20 + 9 }, (_, i) => (i * 7919) % 0x7b00);
    await expectPlain(await file(`${dtype}-many`, dtype, bytesOf(many), [many.length]));
  });

  test('of values that an archive answers from memory of its own', async () => {
    const codes = Uint16Array.from({ length: 2 ** 20 }, (_, i) => i % 0x7b00);
    const archive = await file('elsewhere', 'BF16', bytesOf(codes), [codes.length]);
    await expectPlain({ ...archive, read: (tensor, from, to) => archive.read(tensor, from, to) });
  });
});

test('a histogram of all values counts all of them, and one of a sample those of the sample', async () => {
  const a = new Float32Array(2 ** 22 + 4096);
  for (let i = 0; i < a.length; i++) a[i] = (i % 1000) / 1024;
  const b = a.map((value, i) => value + (i % 2));
  const [here, there] = [await float32('whole-a', a), await float32('whole-b', b)];
  const [source, other] = [here, there].map(archive => ({ archive, tensor: archive.tensors.get('w')! }));
  const counted = ({ histogram }: TensorPicture) => histogram!.counts.reduce((sum, count) => sum + count, 0);
  const options = { down: 4, across: 4 };
  const whole = await tensorView(source, other, { ...options, whole: true });
  expect([counted(whole.weight), counted(whole.delta!)]).toEqual([a.length, a.length]);
  expect(whole.delta!.statistics).toMatchObject({ read: a.length, min: 0, max: 1 });
  const { weight } = await tensorView(source, undefined, options);
  expect(weight.statistics.read).toBe(2 ** 22);
  expect(counted(weight)).toBe(2 ** 22);
});

test('changes of many values are those of one pair after the other', async () => {
  const a = normal(2 ** 20 + 5, 2);
  const b = a.map((value, i) => (i % 3 === 0 ? value : value + 0.01 * Math.sin(i)));
  b[700_000] = 9;
  b[10] = Number.NaN;
  const archives = [await float32('a', a), await float32('b', b)] as const;
  const { pairs } = await pairTensors(...archives);
  const { value } = await compareTensors(archives, pairs, levelMapOf(archives[0])).next();
  const row: TensorChangeRow = value!;
  let [before, after, delta, largest] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(b[i])) continue;
    before += a[i] ** 2;
    after += b[i] ** 2;
    delta += (b[i] - a[i]) ** 2;
    largest = Math.max(largest, Math.abs(b[i] - a[i]));
  }
  expect(row.notFinite).toBe(1);
  expect(row.before / Math.sqrt(before)).toBeCloseTo(1, 11);
  expect(row.after / Math.sqrt(after)).toBeCloseTo(1, 11);
  expect(row.delta / Math.sqrt(delta)).toBeCloseTo(1, 11);
  expect(row.largest).toBe(largest);
});

test('the loops are the same, byte for byte, however often they are built', async () => {
  await buildLoops(folder);
  const shipped = readFileSync(new URL('../../dist/inspection.wasm', import.meta.url));
  expect(readFileSync(join(folder, 'inspection.wasm')).equals(shipped)).toBe(true);
});
