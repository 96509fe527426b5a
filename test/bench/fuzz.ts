import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { mutate, readWhole, seeded } from '../support/checkpoints.ts';
import { type Row, row } from './statistics.mjs';

/** Fewer for a first look: `HOPESCOPE_BENCH_CASES=5000 npm run bench -- fuzz`. */
const CASES = Number(process.env.HOPESCOPE_BENCH_CASES ?? 200_000);
const SEED = Number(process.env.HOPESCOPE_BENCH_SEED ?? 1);
const GOOD = [
  'test/fixtures/safetensors/valid/dtype_ints.safetensors',
  'test/fixtures/checkpoints/torch/protocol2.pt',
  'test/fixtures/checkpoints/torch/protocol4_deflated.pt',
  'test/fixtures/checkpoints/torch/big_endian.pt',
  'test/fixtures/checkpoints/bad/pt_legacy_nonzip.pt',
  'test/fixtures/checkpoints/numpy/stored.npz',
  'test/fixtures/checkpoints/numpy/deflated.npz',
];

/** Damaged checkpoints: each is read or refused in words, within a second and without much memory. */
export async function* rows(): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-fuzz-'));
  const each = Math.ceil(CASES / GOOD.length);
  let [cases, crashes, slowest, refused] = [0, 0, 0, 0];
  process.on('uncaughtException', () => crashes++);
  process.on('unhandledRejection', () => crashes++);
  const memory = process.memoryUsage.rss();
  for (const path of GOOD) {
    const good = await readFile(path);
    const random = seeded(SEED * 1000 + good.length);
    const damaged = join(folder, basename(path));
    for (let i = 0; i < each; i++, cases++) {
      const bytes = mutate(good, random);
      await writeFile(damaged, bytes);
      const begun = performance.now();
      try {
        await readWhole(damaged);
      } catch (error) {
        if (error instanceof CheckpointError) refused++;
        else {
          crashes++;
          await writeFile(`.bench/crash-${crashes}-${basename(path)}`, bytes);
        }
      }
      slowest = Math.max(slowest, performance.now() - begun);
    }
  }
  await rm(folder, { recursive: true, force: true });
  const grown = Math.max(0, process.memoryUsage.rss() - memory) / 1e6;
  yield row('damaged checkpoints that were tried', cases, 'cases', 0, '≥ 200,000', cases >= 200_000);
  yield row('of them neither read nor refused in words', crashes, 'cases', 0, '0', crashes === 0);
  yield row('of them refused', refused, 'cases');
  yield row('slowest of them', slowest, 'ms', 0, '≤ 1000 ms', slowest <= 1000);
  yield row('memory grown over all of them', grown, 'MB', 0, '≤ 300 MB', grown <= 300);
}
