import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Archive } from '../../engine/archive/archive.ts';
import { describeArchive } from '../../engine/archive/describeArchive.ts';
import { levelMapOf } from '../../engine/archive/levelMap.ts';
import { openArchive } from '../../engine/archive/openArchive.ts';
import { safetensorsHead } from '../../engine/checkpoint/safetensors.ts';
import { compareTensors } from '../../engine/inspection/compare.ts';
import { pairTensors } from '../../engine/inspection/pairs.ts';
import { statisticsOf } from '../../engine/inspection/statistics.ts';
import { Random } from '../../engine/tensor/random.ts';
import { compared, median, type Row, row } from './statistics.mjs';

const MB = 1e6;
const PIECE = 2 ** 22;
const REPEATS = 5;

/** Opening, reading and comparing checkpoints of the sizes that researchers have. */
export async function* rows(): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  try {
    yield* opening(folder);
    yield* statistics(folder);
    yield* comparison(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file of `count` equal tensors; its data is a hole unless `fill` writes it. */
async function makeFile(path: string, count: number, bytes: number, fill?: Float32Array): Promise<void> {
  const tensors = Array.from({ length: count }, (_, i) => ({
    name: `model.layers.${Math.floor(i / 10)}.self_attn.q_proj.part_${i % 10}`,
    dtype: 'F32',
    shape: [bytes / 4 / 256, 256],
    bytes,
  }));
  const head = safetensorsHead(path, tensors, {});
  const handle = await open(path, 'w');
  await handle.write(head);
  await handle.truncate(head.length + count * bytes);
  if (fill) await fillWith(handle, head.length, count * bytes, fill);
  await handle.close();
}

async function fillWith(
  handle: FileHandle,
  start: number,
  bytes: number,
  values: Float32Array,
): Promise<void> {
  const block = new Uint8Array(values.buffer);
  for (let at = 0; at < bytes; at += block.length) {
    await handle.write(block, 0, Math.min(block.length, bytes - at), start + at);
  }
}

async function* opening(folder: string): AsyncGenerator<Row> {
  const path = join(folder, 'sparse.safetensors');
  await makeFile(path, 5000, 2e6 - (2e6 % 1024));
  const [times, memory] = [[] as number[], [] as number[]];
  for (let i = 0; i < REPEATS; i++) {
    const before = process.memoryUsage.rss();
    const begun = performance.now();
    const archive = await openArchive(path);
    describeArchive(archive);
    times.push(performance.now() - begun);
    memory.push((process.memoryUsage.rss() - before) / MB);
    await archive.close();
  }
  const what = 'tree of a sparse safetensors of 10 GB and 5,000 tensors';
  yield row(`${what}, the first time`, times[0], 'ms', 0, '≤ 200 ms', times[0] <= 200);
  yield row(`${what}, memory it takes`, Math.max(...memory), 'MB', 0, '≤ 50 MB', Math.max(...memory) <= 50);
}

async function* statistics(folder: string): AsyncGenerator<Row> {
  const path = join(folder, 'large.safetensors');
  const random = new Random(1);
  await makeFile(
    path,
    1,
    1e9 - (1e9 % 1024),
    Float32Array.from({ length: 2 ** 20 }, () => random.normal()),
  );
  const archive = await openArchive(path);
  const tensor = [...archive.tensors.values()][0];
  const size = (tensor.end - tensor.begin) / MB;
  const [ours, plain, ratios] = [[] as number[], [] as number[], [] as number[]];
  for (let i = 0; i < REPEATS; i++) {
    plain.push(size / (await secondsOf(() => readPlainly(path))));
    ours.push(
      size /
        (await secondsOf(async () => {
          await statisticsOf(archive, tensor);
        })),
    );
    ratios.push(ours[i] / plain[i]);
  }
  await archive.close();
  await rm(path);
  yield compared(
    'statistics of a tensor of 1 GB (median of 5 pairs)',
    { value: median(ours), unit: 'MB/s' },
    { name: 'reading it', value: median(plain), ratio: median(ratios) },
    { atLeast: 0.5 },
  );
}

async function* comparison(folder: string): AsyncGenerator<Row> {
  const random = new Random(2);
  const values = Float32Array.from({ length: 2 ** 20 }, () => random.normal());
  const paths = ['a', 'b'].map(name => join(folder, `${name}.safetensors`));
  for (const path of paths) await makeFile(path, 100, 5e6 - (5e6 % 1024), values);
  const [first, rate, plain, ratios] = [[] as number[], [] as number[], [] as number[], [] as number[]];
  for (let i = 0; i < REPEATS; i++) {
    plain.push(
      1000 /
        (await secondsOf(async () => {
          for (const path of paths) await readPlainly(path);
        })),
    );
    const begun = performance.now();
    const archives = (await Promise.all(paths.map(openArchive))) as [Archive, Archive];
    const { pairs } = await pairTensors(...archives);
    let rows = 0;
    for await (const _ of compareTensors(archives, pairs, levelMapOf(archives[0]))) {
      if (rows++ === 0) first.push(performance.now() - begun);
    }
    rate.push(1000 / ((performance.now() - begun) / 1000));
    ratios.push(rate[i] / plain[i]);
    await Promise.all(archives.map(archive => archive.close()));
  }
  const what = 'comparing two checkpoints of 500 MB';
  yield row(`${what}, the first row`, median(first), 'ms', 0, '≤ 300 ms', median(first) <= 300);
  yield compared(
    `${what} (median of 5 pairs)`,
    { value: median(rate), unit: 'MB/s' },
    { name: 'reading them', value: median(plain), ratio: median(ratios) },
    { atLeast: 0.5 },
  );
}

async function readPlainly(path: string): Promise<void> {
  const handle = await open(path, 'r');
  const bytes = new Uint8Array(PIECE);
  while ((await handle.read(bytes, 0, PIECE)).bytesRead > 0);
  await handle.close();
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
