import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StoredTensor } from '../../engine/archive/archive.ts';
import { elementBytes } from '../../engine/archive/dtype.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { readValues, valuesOf } from '../../engine/archive/values.ts';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { READ_ALL_THE_SAME, TORCH_FAULTS } from '../support/badCheckpoints.ts';
import { CHECKPOINTS, openFixture, SAFETENSORS, valuesIn } from '../support/checkpoints.ts';

type Leaf = number | string | boolean | Leaf[];
type Expected = Record<string, { readonly dtype?: string; readonly shape: number[]; readonly values: Leaf }>;

const json = <T>(...parts: string[]) => JSON.parse(readFileSync(join(...parts), 'utf8')) as T;
const numbers = (values: Leaf): number[] => [values].flat(8).map(Number);

describe('safetensors', () => {
  const { files } = json<{ files: Record<string, Expected> }>(SAFETENSORS, 'valid/dtypes_expected.json');

  test.each(Object.keys(files).filter(name => existsSync(join(SAFETENSORS, 'valid', name))))(
    '%s: every value, whole and by range',
    async name => {
      const archive = await openArchive(join(SAFETENSORS, 'valid', name));
      expect([...archive.tensors.keys()].sort()).toEqual(Object.keys(files[name]).sort());
      for (const [key, { dtype, shape, values }] of Object.entries(files[name])) {
        const tensor = archive.tensors.get(key)!;
        expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
        const wanted = numbers(values);
        expect(await valuesIn(archive, key)).toEqual(wanted);
        for (let from = 0; from <= wanted.length; from += 3) {
          const to = Math.min(wanted.length, from + 2);
          expect(Array.from(await readValues(archive, tensor, from, to))).toEqual(wanted.slice(from, to));
        }
      }
      await archive.close();
    },
  );
});

describe('PyTorch', () => {
  test.each([
    ['km_selfmod_tiny', 72],
    ['km_compiled_tiny', 30],
  ])('%s: shapes and norms are those of the program that wrote it', async (folder, count) => {
    const archive = await openFixture(folder, 'step_000010.pt');
    const { state_dict: wanted } = json<{
      state_dict: { key: string; shape: number[]; dtype: string; fro: number }[];
    }>(CHECKPOINTS, folder, 'expected.json');
    expect(wanted).toHaveLength(count);
    for (const { key, shape, fro } of wanted) {
      const tensor = archive.tensors.get(key)!;
      expect(tensor, key).toMatchObject({ shape, dtype: 'F32' });
      expect(Math.hypot(...(await valuesIn(archive, key))), key).toBeCloseTo(fro, 4);
    }
    const head = [...archive.tensors.values()].find(({ name }) => name.endsWith('lm_head.weight'))!;
    expect(head.sameAs).toMatch(/embed\.weight$/);
    await archive.close();
  });

  test('holds the same weights as the safetensors file beside it', async () => {
    const archive = await openFixture('km_selfmod_tiny', 'step_000010.pt');
    const other = await openFixture('km_selfmod_tiny', 'model.safetensors');
    for (const name of other.tensors.keys()) {
      expect(await valuesIn(archive, name), name).toEqual(await valuesIn(other, name));
    }
    expect(archive.metadata.step).toBe('10');
    expect(archive.config).toMatchObject({ model: { block_variant: 'hope_selfmod', dim: 32 } });
    expect([...archive.tensors.keys()].some(name => /^optimizer\.state\..*exp_avg$/.test(name))).toBe(true);
    await Promise.all([archive.close(), other.close()]);
  });

  test.each(['protocol2', 'protocol4_deflated', 'big_endian'])('%s: views, ties and dtypes', async name => {
    const archive = await openFixture('torch', `${name}.pt`);
    const range = Array.from({ length: 12 }, (_, i) => i);
    expect(await valuesIn(archive, 'w')).toEqual(range);
    expect(await valuesIn(archive, 'transposed')).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    expect(await valuesIn(archive, 'part')).toEqual([5, 6, 9, 10]);
    expect(await valuesIn(archive, 'expanded')).toEqual([2, 3, 4, 2, 3, 4]);
    expect(await valuesIn(archive, 'bf')).toEqual([1, -2, Number.POSITIVE_INFINITY]);
    expect(await valuesIn(archive, 'scalar')).toEqual([7]);
    expect(archive.tensors.get('tied')).toMatchObject({ sameAs: 'w' });
    expect(archive.tensors.get('f8')).toMatchObject({ dtype: 'F8_E4M3', shape: [16, 16] });
    expect((await valuesIn(archive, 'f8')).slice(0, 3)).toEqual([0, 2 ** -9, 2 ** -8]);
    expect(archive.metadata).toMatchObject({
      epoch: '3',
      name: 'tiny',
      big: String(2n ** 80n),
      best: '0.25',
    });
    const transposed = archive.tensors.get('transposed')!;
    expect(Array.from(await readValues(archive, transposed, 4, 7))).toEqual([5, 9, 2]);
    await archive.close();
  });

  test('the old format without a zip', async () => {
    const archive = await openFixture('bad', 'pt_legacy_nonzip.pt');
    expect(archive.format).toBe('PyTorch, legacy');
    expect(await valuesIn(archive, 'w')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await valuesIn(archive, 'b')).toEqual([1, 1, 1]);
    expect(archive.metadata.step).toBe('10');
    await archive.close();
  });
});

describe('malformed PyTorch files', () => {
  const bad = readdirSync(join(CHECKPOINTS, 'bad')).filter(name => name.endsWith('.pt'));

  test('every fixture has its expectation', () => {
    const known = Object.keys({ ...TORCH_FAULTS, ...READ_ALL_THE_SAME });
    expect(bad.sort()).toEqual(known.map(name => `${name}.pt`).sort());
  });

  test.each(bad)('%s', async name => {
    const path = join(CHECKPOINTS, 'bad', name);
    const held = READ_ALL_THE_SAME[name.replace('.pt', '')];
    if (held) {
      const archive = await openArchive(path);
      expect([...archive.tensors.keys()]).toEqual(Object.keys(held));
      for (const key of Object.keys(held)) expect((await valuesIn(archive, key)).length).toBe(held[key]);
      await archive.close();
    } else {
      const error = await openArchive(path).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(CheckpointError);
      expect((error as CheckpointError).message).toMatch(TORCH_FAULTS[name.replace('.pt', '')]);
      expect((error as CheckpointError).message.startsWith(path)).toBe(true);
    }
    expect(existsSync('/tmp/PWNED')).toBe(false);
  });
});

describe('NumPy', () => {
  const wanted = json<Expected>(CHECKPOINTS, 'numpy/expected.json');

  test.each(['stored', 'deflated'])('%s: every order, byte order and type', async name => {
    const archive = await openFixture('numpy', `${name}.npz`);
    expect([...archive.tensors.keys()]).toEqual(Object.keys(wanted));
    for (const [key, { shape, values }] of Object.entries(wanted)) {
      const tensor = archive.tensors.get(key)!;
      expect(tensor.shape, key).toEqual(shape);
      if (tensor.dtype === 'C64') continue;
      expect(await valuesIn(archive, key), key).toEqual(numbers(values));
    }
    // Backwards, which a compressed entry must start again for.
    const plain = archive.tensors.get('plain')!;
    for (const from of [20, 3, 11]) {
      expect(Array.from(await readValues(archive, plain, from, from + 4))).toEqual(
        numbers(wanted.plain.values).slice(from, from + 4),
      );
    }
    await expect(readValues(archive, archive.tensors.get('imaginary')!)).rejects.toThrow(/C64 are not read/);
    await archive.close();
  });

  test('what is not of numbers is named and left out', async () => {
    const archive = await openFixture('numpy', 'objects.npz');
    expect([...archive.tensors.keys()]).toEqual(['w']);
    expect(archive.notes.map(note => note.split(' ')[0])).toEqual(['names', 'record', 'text']);
    await archive.close();
  });
});

describe('Hugging Face folders', () => {
  test.each(['llama_tiny', 'gpt2_tiny'])('%s: in shards the same as whole', async name => {
    const whole = await openFixture(name);
    const sharded = await openFixture(name, 'sharded');
    expect(whole.config).toMatchObject({ model_type: name.replace('_tiny', '') });
    expect(sharded.format).toBe('sharded safetensors');
    expect([...sharded.tensors.keys()].sort()).toEqual([...whole.tensors.keys()].sort());
    for (const key of whole.tensors.keys()) {
      expect(await valuesIn(sharded, key), key).toEqual(await valuesIn(whole, key));
    }
    await Promise.all([whole.close(), sharded.close()]);
  });

  test('a shard alone is a checkpoint', async () => {
    const archive = await openFixture('llama_tiny/sharded/model-00002-of-00003.safetensors');
    expect(archive.tensors.size).toBeGreaterThan(0);
    await archive.close();
  });
});

test('a tensor is streamed in pieces, and stops when it is told to', async () => {
  const archive = await openFixture('km_selfmod_tiny', 'model.safetensors');
  const tensor: StoredTensor = archive.tensors.get('embed.weight')!;
  let count = 0;
  for await (const { from, values } of valuesOf(archive, tensor)) {
    expect(from).toBe(count);
    count += values.length;
  }
  expect(count * elementBytes(tensor.dtype)).toBe(tensor.end - tensor.begin);
  const stream = valuesOf(archive, tensor, AbortSignal.abort());
  await expect(stream.next()).rejects.toThrow(/abort/i);
  await archive.close();
});
