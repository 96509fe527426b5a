import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convertToSafetensors } from '../../engine/archive/convert.ts';
import { levelMapOf } from '../../engine/archive/levelMap.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { checkpointLogits } from '../../engine/baseline/logits.ts';
import { CHECKPOINTS, openFixture } from '../support/checkpoints.ts';
import { expectNear } from '../support/near.ts';

interface Expected {
  readonly token_ids: number[];
  readonly logits?: number[][];
  readonly logits_first_rows?: number[][];
  readonly logits_abs_sum?: number;
}

const expectedOf = (folder: string) =>
  JSON.parse(readFileSync(join(CHECKPOINTS, folder, 'expected.json'), 'utf8')) as Expected;

test.each([
  ['llama_tiny', '', 'Llama'],
  ['llama_tiny', 'sharded', 'Llama'],
  ['gpt2_tiny', '', 'GPT-2'],
  ['gpt2_tiny', 'sharded', 'GPT-2'],
  ['km_selfmod_tiny', 'step_000010.pt', 'Hope (PyTorch)'],
  ['km_compiled_tiny', 'step_000010.pt', 'Hope (PyTorch)'],
  ['km_attention_tiny', 'step_000010.pt', 'Hope (PyTorch)'],
  ['km_hybrid_tiny', 'step_000000.pt', 'Hope (PyTorch)'],
])('%s/%s has the logits of the program that wrote it', async (folder, file, wanted) => {
  const { token_ids, logits, logits_first_rows, logits_abs_sum } = expectedOf(folder);
  const archive = await openFixture(folder, file);
  const { family, logits: found } = await checkpointLogits(archive, token_ids);
  await archive.close();
  expect(family).toBe(wanted);
  const first = (logits ?? logits_first_rows)!;
  const near = { absolute: 1e-8, relative: 1e-8 };
  expectNear(found.data.subarray(0, first.length * found.width), first.flat(), 'logits', near);
  if (logits_abs_sum) {
    const sum = found.data.reduce((total, value) => total + Math.abs(value), 0);
    expect(sum / logits_abs_sum).toBeCloseTo(1, 8);
  }
});

test('a converted checkpoint has the same logits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hopescope-logits-'));
  const archive = await openFixture('km_compiled_tiny', 'step_000010.pt');
  const path = join(folder, 'converted.safetensors');
  await convertToSafetensors(archive, levelMapOf(archive), path);
  const converted = await openArchive(path);
  const { token_ids } = expectedOf('km_compiled_tiny');
  const { logits: before } = await checkpointLogits(archive, token_ids);
  const { logits: after } = await checkpointLogits(converted, token_ids);
  expect(after.data).toEqual(before.data);
  await Promise.all([archive.close(), converted.close()]);
  rmSync(folder, { recursive: true });
});

test('what is not computed is refused in words', async () => {
  const attention = await openFixture('km_attention_tiny', 'step_000010.pt');
  const { model, ...rest } = attention.config as { model: object };
  const transformer = {
    ...attention,
    config: { ...rest, model: { ...model, block_variant: 'transformer' } },
  };
  await expect(checkpointLogits(transformer, [1])).rejects.toThrow(
    /block_variant is "transformer"; logits are computed of hope_selfmod, hope_attention, hope_hybrid/,
  );
  const bare = await openFixture('km_selfmod_tiny', 'model.safetensors');
  await expect(checkpointLogits(bare, [1])).rejects.toThrow(/does not say how the model was built/);
  const llama = await openFixture('llama_tiny');
  await expect(checkpointLogits(llama, [128])).rejects.toThrow(/token 128 is not among its 128/);
  const scaled = {
    ...llama,
    config: { ...(llama.config as object), rope_parameters: { rope_type: 'spiral' } },
  };
  await expect(checkpointLogits(scaled, [1])).rejects.toThrow(/of type "spiral"/);
  const numpy = await openFixture('numpy', 'stored.npz');
  await expect(checkpointLogits(numpy, [1])).rejects.toThrow(/no known family/);
  await Promise.all([attention, bare, llama, numpy].map(archive => archive.close()));
});
