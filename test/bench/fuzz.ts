import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { mutate, readWhole, seeded } from '../support/checkpoints.ts';
import { type Row, row } from './statistics.mjs';

/** Fewer for a first look: `HOPESCOPE_BENCH_CASES=5000 npm run bench -- fuzz`. */
const CASES = Number(process.env.HOPESCOPE_BENCH_CASES ?? 200_000);
const SEED = Number(process.env.HOPESCOPE_BENCH_SEED ?? 1);
/** Milliseconds that no file may take. */
const LONGEST = 1000;
const GOOD = [
  'test/fixtures/safetensors/valid/dtype_ints.safetensors',
  'test/fixtures/checkpoints/torch/protocol2.pt',
  'test/fixtures/checkpoints/torch/protocol4_deflated.pt',
  'test/fixtures/checkpoints/torch/big_endian.pt',
  'test/fixtures/checkpoints/bad/pt_legacy_nonzip.pt',
  'test/fixtures/checkpoints/numpy/stored.npz',
  'test/fixtures/checkpoints/numpy/deflated.npz',
];

/** Reads a file whole. @returns milliseconds, and what was thrown */
async function read(path: string): Promise<{ took: number; fault?: unknown }> {
  const begun = performance.now();
  try {
    await readWhole(path);
    return { took: performance.now() - begun };
  } catch (fault) {
    return { took: performance.now() - begun, fault };
  }
}

/** Damaged checkpoints: each is read or refused in words, within a second and without much memory. */
export async function* rows(): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-fuzz-'));
  const each = Math.ceil(CASES / GOOD.length);
  let [cases, crashes, slowest, refused, again] = [0, 0, 0, 0, 0];
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
      const first = await read(damaged);
      const { fault } = first;
      let { took } = first;
      // What hangs does so again; what waited for a busy machine does not.
      if (took > LONGEST) {
        again++;
        took = Math.min(took, (await read(damaged)).took);
      }
      if (fault instanceof CheckpointError) refused++;
      else if (fault !== undefined) {
        crashes++;
        await writeFile(`.bench/crash-${crashes}-${basename(path)}`, bytes);
      }
      if (took > LONGEST) await writeFile(`.bench/slow-${cases}-${basename(path)}`, bytes);
      slowest = Math.max(slowest, took);
    }
  }
  await rm(folder, { recursive: true, force: true });
  const grown = Math.max(0, process.memoryUsage.rss() - memory) / 1e6;
  yield row('damaged checkpoints that were tried', cases, 'cases', 0, '≥ 200,000', cases >= 200_000);
  yield row('of them neither read nor refused in words', crashes, 'cases', 0, '0', crashes === 0);
  yield row('of them refused', refused, 'cases');
  yield row(`of them over ${LONGEST} ms at first, tried once more`, again, 'cases');
  yield row('slowest of them', slowest, 'ms', 0, `≤ ${LONGEST} ms`, slowest <= LONGEST);
  yield row('memory grown over all of them', grown, 'MB', 0, '≤ 300 MB', grown <= 300);
}
