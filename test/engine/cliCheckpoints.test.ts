import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ArchiveInfo, TensorChangeRow, TensorStatistics } from '../../engine/protocol/index.ts';
import { CHECKPOINTS } from '../support/checkpoints.ts';
import { runCli, runJson } from '../support/cli.ts';
import { expectNear } from '../support/near.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';

const PT = join(CHECKPOINTS, 'km_compiled_tiny/step_000010.pt');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-checkpoints-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('inspect tells what a checkpoint of PyTorch holds, and its numbers on demand', async () => {
  const info = await runJson<ArchiveInfo>(['inspect', PT]);
  expect(info).toMatchObject({ format: 'PyTorch', family: 'Hope (PyTorch)', parameters: 7776 });
  const name = '_orig_mod.blocks.0.cms.blocks.cms_slow.net.1.weight';
  expect(info.tensors.find(tensor => tensor.name === name)).toMatchObject({
    level: 'cms.1',
    shape: [64, 16],
  });
  const { statistics, spectrum } = await runJson<{
    statistics: TensorStatistics;
    spectrum: { values: number[]; method: string };
  }>(['inspect', PT, '--tensor', name]);
  expect(statistics).toMatchObject({ read: 1024, nan: 0 });
  expect(spectrum.method).toBe('exact');
  expect(Math.hypot(...spectrum.values)).toBeCloseTo(statistics.norm, 4);
  const { stdout } = await runCli(['inspect', PT, '--stats', '--level', '**.w_q.**=memory']);
  expect(stdout).toMatch(/block 0\n {2}selfmod\n(.*\n)* {4}memory\n/);
  expect(stdout).toContain('= _orig_mod.embed.weight');
});

test('convert, then compare finds nothing changed and names what is gone', async () => {
  const file = join(folder, 'converted.safetensors');
  const converted = await runJson<{ tensors: number; leftOut: string[] }>(['convert', PT, file]);
  expect(converted.tensors).toBe(29);
  const { tensors, missing } = await runJson<{ tensors: TensorChangeRow[]; missing: string[] }>([
    'compare',
    PT,
    file,
  ]);
  expect(tensors.length).toBe(29);
  expect(tensors.every(({ delta }) => delta === 0)).toBe(true);
  expect(missing).toEqual(expect.arrayContaining(converted.leftOut));
  const again = await runCli(['convert', PT, file]);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/exists and is not overwritten/);
});

test('what would run code is refused in one line that names it', async () => {
  const bad = join(CHECKPOINTS, 'bad/pt_pickle_os_system.pt');
  const { code, stderr, stdout } = await runCli(['inspect', bad]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^hopescope: .*pt_pickle_os_system\.pt: .*"posix\.system".*\n$/);
  const { stderr: level } = await runCli(['inspect', PT, '--level', 'w=fastest']);
  expect(level).toMatch(/PATTERN=LEVEL/);
});

test('logits are those of a Llama, of the public Hope and of a model of ours', async () => {
  const { token_ids, logits } = JSON.parse(
    readFileSync(join(CHECKPOINTS, 'llama_tiny/expected.json'), 'utf8'),
  ) as { token_ids: number[]; logits: number[][] };
  const llama = join(CHECKPOINTS, 'llama_tiny');
  const found = await runJson<{ logits: number[][] }>(['logits', llama, '--tokens', token_ids.join()]);
  expectNear(found.logits.flat(), logits.flat(), 'logits', { absolute: 1e-8, relative: 1e-8 });
  const own = await runJson<{ family: string; logits: number[][] }>(['logits', '--tokens', '5,6,7']);
  expect(own).toMatchObject({ family: 'Hope' });
  expect(own.logits.map(row => row.length)).toEqual([2048, 2048, 2048]);
  const { stderr, code } = await runCli(['logits', llama, '--mode', 'km', '--tokens', '1']);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/is no public Hope but of the family Llama/)]);
  expect((await runCli(['logits', PT, '--tokens', '1,x'])).stderr).toMatch(/token ids separated by commas/);
});

test('a fast state is compared with its base, and refused by another', async () => {
  const [model, state, text] = ['model', 'text.hopestate', 'text.txt'].map(name => join(folder, name));
  writeFileSync(text, TINY_TEXT);
  await makeTinyModel(model);
  await runJson(['train', '--model', model, '--text', text, '--epochs', '1', '--out', state]);
  const { tensors, missing } = await runJson<{
    tensors: TensorChangeRow[];
    missing: string[];
  }>(['compare', model, state]);
  expect(tensors[0].delta).toBeGreaterThan(0);
  expect(tensors[0].otherName).toBe(`fast.${tensors[0].name}`);
  // What training never changes is not in a fast state.
  expect(missing).toContain('embed.weight');
  const { code, stderr } = await runCli(['compare', join(CHECKPOINTS, 'llama_tiny'), state]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/SHA-256 [0-9a-f]{64}, but .* has [0-9a-f]{64}/)]);
});
