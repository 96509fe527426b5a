import { resolve } from 'node:path';
import { type HopeConfig, parseConfig } from '../../engine/checkpoint/config.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { Random } from '../../engine/tensor/random.ts';
import { type GradientSource, pooledGradients } from '../../engine/train/gradientPool.ts';
import { OuterTrainer } from '../../engine/train/outerTrainer.ts';
import { ParameterLayout } from '../../engine/train/parameterLayout.ts';
import { PeerProcess } from './peerProcess.ts';
import { millionsOf, publicConfig, randomTokens } from './randomModel.ts';
import { compared, failure, median } from './statistics.mjs';

const ROUNDS = 7;
const HOPE = { rows: 2, tokens: 128 };
const TRANSFORMER = { rows: 2, tokens: 256 };
const ADAMW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };

type Row = ReturnType<typeof compared> | ReturnType<typeof failure>;

/** Where our gradients come from, and what is aimed at. */
export interface Ours {
  readonly name: string;
  readonly atLeast: number;
  open(config: HopeConfig, size: number): GradientSource;
}

/** What each worker thread runs. */
export const WORKER = resolve('dist/gradientWorker.cjs');

const TWO_WORKERS: Ours = {
  name: 'two workers',
  atLeast: 0.6,
  open: (config, size) => pooledGradients(config, 0, size, { count: 2, file: WORKER }),
};

/**
 * Pre-training steps with AdamW on two cores: Hope at the public re-implementation's size through reads and writes, and a
 * Transformer++ of that size, ours against PyTorch; and what Hope costs beside a Transformer++ in PyTorch. A row comes as
 * soon as it is measured, and what PyTorch does not answer in time costs its own row only.
 */
export async function* rows(version: string, ours = TWO_WORKERS): AsyncGenerator<Row> {
  const config = await publicConfig([1, 4, 16, 64]);
  const open = (kind: string) => new PeerProcess('training_step.py', ['2', kind, JSON.stringify(config)]);
  const hope = open('hope');
  try {
    yield await orFailure('pre-training step, Hope, against PyTorch', () => {
      return oursAgainst(hope, 'Hope', config, HOPE, version, ours);
    });
    const transformer = open('transformer');
    try {
      yield await orFailure('pre-training step, Transformer++, against PyTorch', () => {
        return oursAgainst(
          transformer,
          'Transformer++',
          transformerConfig(config),
          TRANSFORMER,
          version,
          ours,
        );
      });
      if (ours !== TWO_WORKERS) return;
      yield await orFailure('pre-training step, Transformer++ in PyTorch', () => {
        return transformerAgainst(hope, transformer, version);
      });
    } finally {
      transformer.close();
    }
  } finally {
    hope.close();
  }
}

async function orFailure(what: string, measure: () => Promise<Row>): Promise<Row> {
  try {
    return await measure();
  } catch (error) {
    return failure(what, error instanceof Error ? error.message : String(error));
  }
}

/** Paces of both, alternating, after one round that is not counted. */
async function paces(mine: () => Promise<number>, theirs: () => Promise<number>) {
  const found = { mine: [] as number[], theirs: [] as number[], ratio: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const [one, other] = [await mine(), await theirs()];
    if (round === 0) continue;
    found.mine.push(one);
    found.theirs.push(other);
    found.ratio.push(one / other);
  }
  return { mine: median(found.mine), theirs: median(found.theirs), ratio: median(found.ratio) };
}

/** Tokens a second of a step on the clock. */
async function pace(peer: PeerProcess, shape: { rows: number; tokens: number }): Promise<number> {
  return (shape.rows * shape.tokens) / (await peer.ask('step', shape)).clock;
}

/** What `peers/transformer.py` computes, which in `engine/model` is a system of its own. */
function transformerConfig(hope: HopeConfig): HopeConfig {
  const json = {
    ...{ ...hope, name: 'transformer', system: 'transformer', blocks: 12, heads: 4, convolution: 1 },
    cms: { periods: [64], hidden_multiplier: 888 / hope.width },
    learning_rates: {},
  };
  return parseConfig(json, 'the bench');
}

/** @throws Error where ours has not the parameters of the peer's model, but for biases and norms */
async function oursAgainst(
  peer: PeerProcess,
  name: string,
  config: HopeConfig,
  shape: { rows: number; tokens: number },
  version: string,
  { name: where, atLeast, open }: Ours,
): Promise<Row> {
  const layout = new ParameterLayout(config);
  const { parameters } = await peer.ask<{ parameters: number }>('size');
  if (Math.abs(layout.size / parameters - 1) > 0.03) {
    throw new Error(`${name} has ${layout.size} parameters here, ${parameters} in PyTorch.`);
  }
  const source = open(config, layout.size);
  try {
    layout.flatten(initialParameters(config, new Random(1)), source.weights);
    const trainer = new OuterTrainer(layout, source, ADAMW, 1);
    const tokens = shape.rows * shape.tokens;
    const sequence = randomTokens(tokens + 1, config.vocabulary);
    const batch = { ids: sequence.slice(0, tokens), targets: sequence.slice(1) };
    let steps = 0;
    const step = async () => {
      const begun = performance.now();
      await trainer.step(batch, new Float32Array(shape.rows).fill(1), ++steps, 1e-4);
      return (1000 * tokens) / (performance.now() - begun);
    };
    const { mine, theirs, ratio } = await paces(step, () => pace(peer, shape));
    return compared(
      `pre-training step, ${name}, ${millionsOf(config)} M parameters, ${shape.rows} × ${shape.tokens} tokens, ${where}`,
      { value: mine, unit: 'tokens/s' },
      { name: `${name} in PyTorch ${version}, two threads`, value: theirs, ratio },
      { atLeast },
    );
  } finally {
    await source.dispose();
  }
}

async function transformerAgainst(
  hope: PeerProcess,
  transformer: PeerProcess,
  version: string,
): Promise<Row> {
  const { parameters } = await transformer.ask<{ parameters: number }>('size');
  const { mine, theirs, ratio } = await paces(
    () => pace(transformer, TRANSFORMER),
    () => pace(hope, HOPE),
  );
  const shape = `${TRANSFORMER.rows} × ${TRANSFORMER.tokens} tokens`;
  return compared(
    `pre-training step, Transformer++ in PyTorch, ${(parameters / 1e6).toFixed(1)} M parameters, ${shape}, two threads`,
    { value: mine, unit: 'tokens/s' },
    { name: `Hope in PyTorch ${version}, two threads`, value: theirs, ratio },
  );
}
