import { resolve } from 'node:path';
import { initialParameters } from '../../engine/model/initialize.ts';
import { Random } from '../../engine/tensor/random.ts';
import { pooledGradients } from '../../engine/train/gradientPool.ts';
import { OuterTrainer } from '../../engine/train/outerTrainer.ts';
import { ParameterLayout } from '../../engine/train/parameterLayout.ts';
import { PeerProcess } from './peerProcess.ts';
import { millionsOf, publicConfig, randomTokens } from './randomModel.ts';
import { compared, median } from './statistics.mjs';

const ROUNDS = 2;
const HOPE = { rows: 2, tokens: 128 };
const TRANSFORMER = { rows: 8, tokens: 256 };
const ADAMW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };

/**
 * Pre-training steps with AdamW on two cores: Hope at the public re-implementation's size through reads and writes, ours
 * against PyTorch; and a Transformer++ of that size in PyTorch, against PyTorch's Hope.
 */
export async function* rows(version: string) {
  const config = await publicConfig([1, 4, 16, 64]);
  const layout = new ParameterLayout(config);
  const source = pooledGradients(config, 0, layout.size, 2, resolve('dist/gradientWorker.cjs'));
  layout.flatten(initialParameters(config, new Random(1)), source.weights);
  const trainer = new OuterTrainer(layout, source, ADAMW, 1);
  const open = (kind: string) => new PeerProcess('training_step.py', ['2', kind, JSON.stringify(config)]);
  const [hope, transformer] = [open('hope'), open('transformer')];
  const tokens = HOPE.rows * HOPE.tokens;
  const sequence = randomTokens(tokens + 1, config.vocabulary);
  const batch = { ids: sequence.slice(0, tokens), targets: sequence.slice(1) };
  try {
    const paces = { ours: [] as number[], hope: [] as number[], transformer: [] as number[] };
    for (let round = 0; round <= ROUNDS; round++) {
      const begun = performance.now();
      await trainer.step(batch, new Float32Array(HOPE.rows).fill(1), round + 1, 1e-4);
      const ours = (1000 * tokens) / (performance.now() - begun);
      const theirs = await hope.ask('step', HOPE);
      const other = await transformer.ask('step', TRANSFORMER);
      if (round === 0) continue;
      paces.ours.push(ours);
      paces.hope.push(tokens / theirs.clock);
      paces.transformer.push((TRANSFORMER.rows * TRANSFORMER.tokens) / other.clock);
    }
    const peerHope = { name: `Hope in PyTorch ${version}, two threads`, value: median(paces.hope) };
    const ratioTo = (mine: number[]) => median(mine.map((pace, i) => pace / paces.hope[i]));
    yield compared(
      `pre-training step, Hope, ${millionsOf(config)} M parameters, ${HOPE.rows} × ${HOPE.tokens} tokens, two workers`,
      { value: median(paces.ours), unit: 'tokens/s' },
      { ...peerHope, ratio: ratioTo(paces.ours) },
      { atLeast: 0.6 },
    );
    const { parameters } = await transformer.ask<{ parameters: number }>('size');
    yield compared(
      `pre-training step, Transformer++ in PyTorch, ${(parameters / 1e6).toFixed(1)} M parameters, ${TRANSFORMER.rows} × ${TRANSFORMER.tokens} tokens, two threads`,
      { value: median(paces.transformer), unit: 'tokens/s' },
      { ...peerHope, ratio: ratioTo(paces.transformer) },
    );
  } finally {
    for (const peer of [hope, transformer]) peer.close();
    await source.dispose();
  }
}
