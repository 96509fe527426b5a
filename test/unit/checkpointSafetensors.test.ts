import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import {
  parseSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from '../../engine/checkpoint/safetensors.ts';
import { SAFETENSORS_FAULTS } from '../support/badCheckpoints.ts';

const fixtures = join(import.meta.dirname, '../fixtures/safetensors');
const bad = (await readdir(join(fixtures, 'bad'))).filter(name => name.endsWith('.safetensors'));
const valid = (await readdir(join(fixtures, 'valid'))).filter(name => name.endsWith('.safetensors'));

type Leaf = number | string | boolean;
interface Expected {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: Leaf | Leaf[] | Leaf[][];
}
const expectedJson = await readFile(join(fixtures, 'valid/dtypes_expected.json'), 'utf8');
const expected = (JSON.parse(expectedJson) as { files: Record<string, Record<string, Expected>> }).files;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file with this header and `dataBytes` zero bytes after it. */
function bytesOf(header: string | Buffer, dataBytes = 0): Uint8Array {
  const json = Buffer.from(header as string);
  const bytes = Buffer.alloc(8 + json.length + dataBytes);
  bytes.writeBigUInt64LE(BigInt(json.length));
  json.copy(bytes, 8);
  return bytes;
}

describe('malformed files', () => {
  test('every fixture has its expectation', () => {
    expect(bad.sort()).toEqual(Object.keys(SAFETENSORS_FAULTS).map(name => `${name}.safetensors`));
  });

  test.each(bad)('%s is refused by every reader, naming the file and the fault', async name => {
    const path = join(fixtures, 'bad', name);
    const fault = SAFETENSORS_FAULTS[name.replace('.safetensors', '')]!;
    const bytes = await readFile(path);
    for (const read of [readSafetensors, readSafetensorsHeader, async () => parseSafetensors(bytes, path)]) {
      const error = await read(path).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error).toMatchObject({ path, message: expect.stringMatching(fault) });
      expect((error as Error).message.startsWith(`${path}: `)).toBe(true);
    }
  });

  test.each([
    ['entry that is no object', '{"a":3}', /tensor "a": its entry is not/],
    ['metadata that is no object', '{"__metadata__":[]}', /__metadata__ is not/],
    ['metadata value that is no string', '{"__metadata__":{"step":3}}', /"step" is not a string/],
    ['one key in two spellings', '{"__metadata__":{"a":"","\\u0061":""}}', /"a" occurs twice/],
    ['text after the header', '{}x', /header cannot be read/],
    ['header that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
  ])('%s', (_, header, fault) => {
    expect(() => parseSafetensors(bytesOf(header), 'x')).toThrow(fault);
  });

  test('a missing file, a folder', async () => {
    await expect(readSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow(/does not exist/);
    await expect(readSafetensors(folder)).rejects.toThrow(/not a file/);
  });
});

describe('valid files', () => {
  test.each(valid)('%s decodes to the recorded values', async name => {
    const path = join(fixtures, 'valid', name);
    const { tensors } = await readSafetensors(path);
    expect([...tensors.keys()].sort()).toEqual(Object.keys(expected[name] ?? {}).sort());
    expect(parseSafetensors(await readFile(path), path).tensors).toEqual(tensors);
    for (const [key, { dtype, shape, values }] of Object.entries(expected[name] ?? {})) {
      const tensor = tensors.get(key)!;
      expect(tensor).toMatchObject({ name: key, dtype, shape });
      // Through Object.is, so that -0 and NaN count.
      expect([...tensor.data]).toEqual([values].flat(2).map(value => Math.fround(Number(value))));
    }
  });

  test('names that mean something to JavaScript or to a file system are only names', () => {
    const names = ['__proto__', 'constructor', '../x'];
    const entries = names.map(
      (n, i) => `"${n}":{"dtype":"F32","shape":[1],"data_offsets":[${4 * i},${4 * i + 4}]}`,
    );
    const { tensors } = parseSafetensors(bytesOf(`{${entries}}`, 12), 'x');
    expect([...tensors.keys()]).toEqual(names);
    expect(
      Object.getPrototypeOf(parseSafetensors(bytesOf('{"__metadata__":{"__proto__":"a"}}'), 'x').metadata),
    ).toBe(Object.prototype);
  });

  test('header alone gives names, types, shapes and byte ranges', async () => {
    const path = join(fixtures, 'valid', 'unaligned_data.safetensors');
    const bytes = await readFile(path);
    const header = await readSafetensorsHeader(path);
    const { begin, end, ...b } = header.tensors.get('b')!;
    expect(b).toEqual({ name: 'b', dtype: 'F32', shape: [2] });
    expect(end).toBe(bytes.length);
    expect([bytes.readFloatLE(begin), bytes.readFloatLE(begin + 4)]).toEqual([1, 2]);
  });
});

describe('writing', () => {
  const tensors = [
    {
      name: 'blocks.0.memory.w1',
      shape: [2, 3],
      data: Float32Array.of(1, -0, Number.NaN, 1e-45, Infinity, -3.5),
    },
    { name: '7', shape: [], data: Float32Array.of(0.1) },
    { name: 'ünï"\\\n', shape: [0, 4], data: new Float32Array() },
    { name: 'view', shape: [2], data: new Float32Array([9, 8, 7, 6]).subarray(1, 3) },
  ];

  test('gives back what was written, in the order given, with the data aligned to 8 bytes', async () => {
    const path = join(folder, 'round.safetensors');
    await writeSafetensors(path, tensors, { step: '3' });
    const file = await readSafetensors(path);
    expect([...file.tensors.values()]).toEqual(tensors.map(tensor => ({ ...tensor, dtype: 'F32' })));
    expect(file.metadata).toEqual({ step: '3' });
    const bytes = await readFile(path);
    expect((8 + Number(bytes.readBigUInt64LE())) % 8).toBe(0);
    await writeSafetensors(path, tensors, { step: '3' });
    expect(await readFile(path)).toEqual(bytes);
  });

  test('no tensors at all', async () => {
    const path = join(folder, 'none.safetensors');
    await writeSafetensors(path, []);
    expect(await readSafetensors(path)).toEqual({ tensors: new Map(), metadata: {} });
  });

  test.each([
    ['a name twice', [tensors[1]!, tensors[1]!], /tensor "7": the name occurs twice/],
    ['a wrong shape', [{ ...tensors[0]!, shape: [5] }], /shape \[5\] does not fit 6 values/],
    ['the reserved name', [{ ...tensors[1]!, name: '__metadata__' }], /reserved/],
  ])('%s is refused and the old file stays', async (_, list, fault) => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, 'old');
    await expect(writeSafetensors(path, list)).rejects.toThrow(fault);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  test('a failed write leaves no temporary file and names the reason', async () => {
    const before = await readdir(folder);
    await expect(writeSafetensors(join(folder, 'no', 'x'), tensors)).rejects.toThrow(/does not exist/);
    // The rename fails, after the temporary file was written whole.
    const occupied = await mkdtemp(join(folder, 'occupied-'));
    await writeFile(join(occupied, 'file'), '');
    await expect(writeSafetensors(occupied, tensors)).rejects.toBeInstanceOf(CheckpointError);
    await rm(occupied, { recursive: true });
    expect(await readdir(folder)).toEqual(before);
  });

  test('a file cut short or grown after writing is refused', async () => {
    const path = join(folder, 'cut.safetensors');
    await writeSafetensors(path, tensors);
    await appendFile(path, 'x');
    await expect(readSafetensors(path)).rejects.toThrow(/1 bytes after the last tensor/);
    await truncate(path, (await stat(path)).size - 2);
    await expect(readSafetensors(path)).rejects.toThrow(/tensor "view": ends at file byte/);
  });
});
