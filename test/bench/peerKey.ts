import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tf } from '../../engine/tensor/tf.ts';
import { type KeyWorkload, keyInputs, keyPace, keyPass, NAME, SHAPE } from './keyWorkload.ts';
import { PeerProcess } from './peerProcess.ts';
import { compared, median, row } from './statistics.mjs';

const ROUNDS = 5;
const TIMES = 8;

/** The key workload, ours on one core against PyTorch with a hand-written gradient on one thread and on two. */
export async function* rows(version: string) {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  const files = [join(folder, 'inputs'), join(folder, 'outputs')];
  const workload = keyInputs();
  await writeFile(files[0], inputBytes(workload));
  const open = (threads: number) =>
    new PeerProcess('key_workload.py', [String(threads), ...files, JSON.stringify(SHAPE)]);
  const peers = [open(1), open(2)];
  try {
    await peers[0].ask('check');
    const difference = compare(ourOutputs(workload), await readFile(files[1]));
    const what = `${NAME}: reads and weights, largest difference to PyTorch ${version}`;
    yield row(what, difference, '', 8, '≤ 0.00001', difference <= 1e-5);
    const paces = { ours: [] as number[], clock: [] as number[], one: [] as number[], two: [] as number[] };
    const tokens = TIMES * SHAPE.tokens;
    for (let round = 0; round <= ROUNDS; round++) {
      const begun = performance.now();
      const ours = await keyPace(workload, TIMES);
      const clock = (1000 * tokens) / (performance.now() - begun);
      const [one, two] = [
        await peers[0].ask('pace', { times: TIMES }),
        await peers[1].ask('pace', { times: TIMES }),
      ];
      if (round === 0) continue;
      paces.ours.push(ours);
      paces.clock.push(clock);
      paces.one.push(tokens / one.processor);
      paces.two.push(tokens / two.clock);
    }
    const against = (name: string, mine: number[], theirs: number[]) => ({
      name: `PyTorch ${version}, hand-written, ${name}`,
      value: median(theirs),
      ratio: median(mine.map((pace, i) => pace / theirs[i])),
    });
    const one = { value: median(paces.ours), unit: 'tokens/s' };
    yield compared(`${NAME}, fused, one core`, one, against('one thread', paces.ours, paces.one));
    const two = { value: median(paces.clock), unit: 'tokens/s' };
    yield compared(
      `${NAME}, fused, one core, by the clock`,
      two,
      against('two threads', paces.clock, paces.two),
      { atLeast: 0.8 },
    );
  } finally {
    for (const peer of peers) peer.close();
    await rm(folder, { recursive: true });
  }
}

export function inputBytes({ start, chunks }: KeyWorkload): Uint8Array {
  const parts = [start.w1, start.w2, ...chunks.flatMap(({ k, v, query }) => [k, v, query])];
  return Buffer.concat(parts.map(part => Buffer.from((part.dataSync() as Float32Array).slice().buffer)));
}

/** What was read of each chunk, then W1 and W2. */
export function ourOutputs(workload: KeyWorkload): Float32Array[] {
  const reads: Float32Array[] = [];
  const { w1, w2 } = keyPass(workload, read => reads.push(read.slice()));
  const outputs = [...reads, ...[w1, w2].map(weights => weights.dataSync().slice() as Float32Array)];
  tf.dispose([w1, w2]);
  return outputs;
}

/** @throws Error when there are not as many numbers of theirs, or one is not finite. */
export function compare(ours: readonly Float32Array[], bytes: Buffer): number {
  const theirs = new Float32Array(new Uint8Array(bytes).buffer);
  const mine = Float32Array.from(ours.flatMap(part => [...part]));
  if (mine.length !== theirs.length)
    throw new Error(`The peer answers ${theirs.length} numbers, not ${mine.length}.`);
  const worst = mine.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0);
  if (!Number.isFinite(worst)) throw new Error('The peer or our kernels answer numbers that are not finite.');
  return worst;
}
