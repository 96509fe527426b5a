import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Archive } from '../../engine/archive/archive.ts';
import { convertToSafetensors } from '../../engine/archive/convert.ts';
import { levelMapOf } from '../../engine/archive/levelMap.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { changeSpectra } from '../../engine/inspection/changeSpectrum.ts';
import { checkBase, compareTensors, worstFirst } from '../../engine/inspection/compare.ts';
import { pairTensors } from '../../engine/inspection/pairs.ts';
import type { TensorChangeRow } from '../../engine/protocol/inspection.ts';
import { type Contents, makeArchive, normal } from '../support/checkpointFiles.ts';
import { openFixture, valuesIn } from '../support/checkpoints.ts';

let folder: string;
const open: Archive[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-compare-'));
});
afterAll(async () => {
  await Promise.all(open.map(archive => archive.close()));
  rmSync(folder, { recursive: true });
});

async function make(name: string, contents: Contents, metadata?: Record<string, string>): Promise<Archive> {
  const archive = await makeArchive(folder, name, contents, metadata);
  open.push(archive);
  return archive;
}

const matrix = (seed: number) => ({ shape: [6, 4], data: normal(24, seed) });

async function rowsOf(a: Archive, b: Archive, third?: Archive): Promise<TensorChangeRow[]> {
  const { pairs } = await pairTensors(a, b);
  const options = third && { third: { archive: third, tensor: () => third.tensors.get('w') } };
  const rows: TensorChangeRow[] = [];
  for await (const row of compareTensors([a, b], pairs, levelMapOf(a), options)) rows.push(row);
  return rows;
}

describe('two checkpoints', () => {
  const w = matrix(1);
  const changed = { ...w, data: w.data.map((value, i) => value + (i === 5 ? 0.5 : 0)) };

  test('rows are norms of the change, the worst first', async () => {
    const broken = { shape: [3], data: Float32Array.of(1, Number.NaN, 2) };
    const zero = { shape: [2], data: new Float32Array(2) };
    const a = await make('a', { w, same: matrix(2), broken, zero });
    const b = await make('b', {
      w: changed,
      same: matrix(2),
      broken,
      zero: { shape: [2], data: Float32Array.of(0, 1) },
    });
    const rows = worstFirst(await rowsOf(a, b));
    expect(rows.map(({ name }) => name)).toEqual(['zero', 'w', 'same', 'broken']);
    const norm = Math.hypot(...w.data);
    expect(rows[1].before).toBeCloseTo(norm, 5);
    expect(rows[1].delta).toBeCloseTo(0.5, 6);
    expect(rows[1].relative).toBeCloseTo(0.5 / norm, 6);
    expect(rows[1].largest).toBeCloseTo(0.5, 6);
    expect(rows[0].relative).toBe(Number.POSITIVE_INFINITY);
    expect(rows[2]).toMatchObject({ delta: 0, relative: 0 });
    expect(rows[3]).toMatchObject({ notFinite: 1, delta: 0 });
  });

  test('the cosine of two changes is 1 along one another, −1 against', async () => {
    const moved = (factor: number) => ({ ...w, data: w.data.map((value, i) => value + factor * (i % 3)) });
    const a = await make('c0', { w });
    const b = await make('c1', { w: moved(1) });
    expect((await rowsOf(a, b, await make('c2', { w: moved(2) })))[0].cosine).toBeCloseTo(1, 5);
    expect((await rowsOf(a, b, await make('c3', { w: moved(-1) })))[0].cosine).toBeCloseTo(-1, 5);
    expect((await rowsOf(a, b, a))[0].cosine).toBeUndefined();
  });

  test('what is renamed, reshaped, missing and new is told', async () => {
    const a = await make('d', { w, gone: matrix(3), turned: matrix(4), moved: matrix(5) });
    const b = await make('e', {
      '_orig_mod.w': changed,
      turned: { shape: [4, 6], data: normal(24, 4) },
      elsewhere: matrix(5),
      fresh: matrix(6),
    });
    const { pairs, unmatched } = await pairTensors(a, b);
    expect(pairs.map(({ before, after }) => [before.name, after.name])).toEqual([
      ['w', '_orig_mod.w'],
      ['moved', 'elsewhere'],
    ]);
    expect(unmatched).toEqual({
      missing: ['gone'],
      added: ['fresh'],
      reshaped: [{ name: 'turned', before: [6, 4], after: [4, 6] }],
    });
  });

  test('a change of rank 1 has effective rank 1, and may be an intruder', async () => {
    // W has no direction along the last axis of its rows.
    const flat = { shape: [6, 4], data: normal(24, 7).map((value, i) => (i >= 20 ? 0 : value)) };
    const struck = { ...flat, data: flat.data.map((value, i) => value + (i === 20 ? 50 : 0)) };
    const [a, b] = [await make('f', { w: flat }), await make('g', { w: struck })];
    const { pairs } = await pairTensors(a, b);
    const [spectrum] = await changeSpectra(a, b, pairs[0]);
    expect(spectrum.effectiveRank).toBeCloseTo(1, 4);
    expect(spectrum.stableRank).toBeCloseTo(1, 6);
    expect(spectrum.values[0]).toBeCloseTo(50, 4);
    expect(spectrum.intruders).toBe(1);
  });

  test('a fast state of another base is refused with both hashes', async () => {
    const base = await make('base', { w });
    const hash = createHash('sha256').update(readFileSync(base.path)).digest('hex');
    const metadata = { format: 'hopescope-fast-state', version: '1' };
    const own = await make('own', { 'fast.w': changed }, { ...metadata, model: hash });
    const other = await make('other', { 'fast.w': changed }, { ...metadata, model: 'f'.repeat(64) });
    await expect(checkBase(base, own)).resolves.toBeUndefined();
    expect((await rowsOf(base, own))[0]).toMatchObject({ name: 'w', otherName: 'fast.w' });
    const left = await make('left', { 'fast.x': changed }, { ...metadata, model: hash, unchanged: '["w"]' });
    expect(left.notes).toEqual(['Weights that are those of the base and not in this file: 1.']);
    expect((await pairTensors(base, left)).unmatched).toEqual({
      ...{ missing: [], added: ['fast.x'], reshaped: [] },
    });
    const refused = await checkBase(base, other).catch((error: Error) => error.message);
    expect(refused).toContain('f'.repeat(64));
    expect(refused).toContain(hash);
  });
});

describe('conversion to safetensors', () => {
  test.each([
    ['km_selfmod_tiny', 'step_000010.pt'],
    ['torch', 'protocol4_deflated.pt'],
    ['llama_tiny', 'sharded'],
  ])('%s/%s keeps every value and the level of every tensor', async (...parts) => {
    const archive = await openFixture(...parts);
    open.push(archive);
    const map = levelMapOf(archive);
    const path = join(folder, `${parts[0]}.safetensors`);
    const { tied, leftOut } = await convertToSafetensors(archive, map, path);
    const written = await openArchive(path);
    open.push(written);
    const back = levelMapOf(written);
    expect(back.family).toBe(map.family);
    for (const tensor of archive.tensors.values()) {
      const { name } = tensor;
      if (leftOut.includes(name)) expect(map.place(name).level).toBeUndefined();
      else if (tensor.sameAs) expect(tied[name]).toBe(tensor.sameAs);
      else {
        expect(written.tensors.get(name), name).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
        expect(await valuesIn(written, name), name).toEqual(await valuesIn(archive, name));
        expect(back.place(name)).toEqual(map.place(name));
      }
    }
    expect(back.levels.map(({ id }) => id)).toEqual(map.levels.map(({ id }) => id));
  });

  test('levels by pattern are kept, and a damaged map is not used', async () => {
    const archive = await openFixture('llama_tiny');
    open.push(archive);
    const path = join(folder, 'levels.safetensors');
    await convertToSafetensors(archive, levelMapOf(archive, { '**.mlp.**': 'cms.1' }), path);
    const written = await openArchive(path);
    open.push(written);
    const name = 'model.layers.0.mlp.up_proj.weight';
    expect(levelMapOf(written).place(name)).toMatchObject({ level: 'cms.1', block: 0 });
    const metadata = { 'hopescope.places': `{"${name}":{"block":"x","level":"rm -rf"}}` };
    expect(levelMapOf({ ...written, metadata }).place(name)).toMatchObject({ level: 'outer', block: 0 });
  });

  test('stops when it is told to, and leaves nothing', async () => {
    const archive = await openFixture('llama_tiny');
    open.push(archive);
    const path = join(folder, 'stopped.safetensors');
    const options = { signal: AbortSignal.abort() };
    await expect(convertToSafetensors(archive, levelMapOf(archive), path, options)).rejects.toThrow(/abort/i);
    await expect(openArchive(path)).rejects.toThrow(/does not exist/);
  });
});
