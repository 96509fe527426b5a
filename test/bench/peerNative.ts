import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackendOptions } from '../../engine/tensor/backend.ts';
import { pooledGradients } from '../../engine/train/gradientPool.ts';
import { clockSeconds } from './kernelSets.ts';
import { keyInputs, keyPace, NAME, SHAPE } from './keyWorkload.ts';
import { compare, inputBytes, ourOutputs } from './peerKey.ts';
import { rows as pretraining, WORKER } from './peerPretraining.ts';
import { PeerProcess } from './peerProcess.ts';
import { compared, median } from './statistics.mjs';

const ROUNDS = 3;
const TIMES = 4;

/** The native backend against PyTorch with two threads: the key workload on one, pre-training steps on two workers. */
export async function* rows(version: string, options: BackendOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  const files = [join(folder, 'inputs'), join(folder, 'outputs')];
  const workload = keyInputs();
  await writeFile(files[0], inputBytes(workload));
  const peer = new PeerProcess('key_workload.py', ['2', ...files, JSON.stringify(SHAPE)]);
  const [mine, theirs]: number[][] = [[], []];
  try {
    await peer.ask('check');
    const difference = compare(ourOutputs(workload), await readFile(files[1]));
    if (difference > 1e-5) throw new Error(`TensorFlow's numbers differ from PyTorch's by ${difference}.`);
    for (let round = 0; round <= ROUNDS; round++) {
      const ours = await keyPace(workload, TIMES, clockSeconds);
      const { clock } = await peer.ask('pace', { times: TIMES });
      if (round === 0) continue;
      mine.push(ours);
      theirs.push((TIMES * SHAPE.tokens) / clock);
    }
  } finally {
    peer.close();
    await rm(folder, { recursive: true });
  }
  const baseline = {
    name: `PyTorch ${version}, hand-written, two threads`,
    value: median(theirs),
    ratio: median(mine.map((pace, i) => pace / theirs[i])),
  };
  const value = { value: median(mine), unit: 'tokens/s' };
  yield compared(`${NAME}, TensorFlow CPU, by the clock`, value, baseline, { atLeast: 1 });
  yield* pretraining(version, {
    name: 'TensorFlow CPU, two workers',
    atLeast: 1,
    open: (config, size) => {
      const backend = { name: 'tensorflow' as const, options };
      return pooledGradients(config, 0, size, { count: 2, file: WORKER, backend });
    },
  });
}
