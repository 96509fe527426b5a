import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { CHECKPOINTS, mutate, readWhole, SAFETENSORS, seeded } from '../support/checkpoints.ts';

const folder = mkdtempSync(join(tmpdir(), 'hopescope-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CASES = 150;

/** More of them: `npm run bench -- fuzz`. */
test.each([
  join(SAFETENSORS, 'valid/dtype_ints.safetensors'),
  join(CHECKPOINTS, 'torch/protocol2.pt'),
  join(CHECKPOINTS, 'torch/protocol4_deflated.pt'),
  join(CHECKPOINTS, 'bad/pt_legacy_nonzip.pt'),
  join(CHECKPOINTS, 'numpy/stored.npz'),
  join(CHECKPOINTS, 'numpy/deflated.npz'),
])('a damaged %s is read or refused in words', async path => {
  const good = readFileSync(path);
  const random = seeded(good.length);
  const damaged = join(folder, basename(path));
  let refused = 0;
  for (let i = 0; i < CASES; i++) {
    writeFileSync(damaged, mutate(good, random));
    await readWhole(damaged).catch((error: unknown) => {
      refused++;
      if (!(error instanceof CheckpointError))
        writeFileSync(join(tmpdir(), `crash-${basename(path)}`), readFileSync(damaged));
      expect(error, `case ${i}`).toBeInstanceOf(CheckpointError);
    });
  }
  expect(refused).toBeGreaterThan(CASES / 4);
});
