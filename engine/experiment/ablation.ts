import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { HopeConfig } from '../checkpoint/config.ts';
import type { TitansConfig } from '../checkpoint/titansConfig.ts';
import { ParameterLayout } from '../train/parameterLayout.ts';
import { pretrain } from '../train/pretraining.ts';
import type { Cell, Experiment } from './experiment.ts';

const VOCABULARY = 512;
const TOKENS = 64;
const BATCH = 8;

const titans: TitansConfig = {
  memory_period: 4,
  projections_period: 8,
  eta_scale: 1,
  eta_bias: -4,
  eta_ceiling: 0.1,
  gradient_ceiling: 1,
  alpha_bias: 5,
  qk_norm: true,
  adaptive: ['k', 'v', 'q', 'eta', 'alpha'],
  momentum: 0.5,
};

const FULL: HopeConfig = {
  model_type: 'hope',
  format: 1,
  name: 'ablation',
  vocabulary: VOCABULARY,
  width: 64,
  blocks: 2,
  heads: 2,
  convolution: 4,
  titans,
  cms: { periods: [16, 64], hidden_multiplier: 2 },
  learning_rates: {},
};

/** A model that lacks one thing, after the rows of Table 6. */
const VARIANTS: Readonly<Record<string, HopeConfig>> = {
  Hope: FULL,
  'without DGD': withTitans({ erase: false }),
  'without momentum': withTitans({ momentum: 0 }),
  'without weight decay': withTitans({ retention: false, adaptive: ['k', 'v', 'q', 'eta'] }),
  // As many parameters in one level: what is missing is the second one in the chain, not its size.
  'without CMS': { ...FULL, cms: { periods: [64], hidden_multiplier: 4 } },
  'without inner projection k': withTitans({ adaptive: ['v', 'q', 'eta', 'alpha'] }),
  'without inner projection v': withTitans({ adaptive: ['k', 'q', 'eta', 'alpha'] }),
  'without inner projection q': withTitans({ adaptive: ['k', 'v', 'eta', 'alpha'] }),
};

function withTitans(change: Partial<TitansConfig>): HopeConfig {
  return { ...FULL, titans: { ...titans, ...change } };
}

function cellOf(row: string, seed: number, steps: number, data: string): Cell {
  const model = VARIANTS[row];
  const training = {
    ...{ batch: BATCH, tokens: TOKENS, steps, rate: 3e-3, warmup_steps: Math.ceil(steps / 20) },
    ...{ weight_decay: 0.1, clip: 1, reset_probability: 0.25, validation_fraction: 0.05 },
    ...{ validation_interval: steps, checkpoint_interval: Math.min(50, steps), seed },
  };
  return {
    id: `${Object.keys(VARIANTS).indexOf(row)}-${seed}`,
    row: [row],
    seed,
    async run({ folder, threads, signal, onProgress }) {
      const result = await pretrain(
        { model, training },
        data,
        folder,
        ({ step, loss }) => onProgress(`step ${step} of ${steps}, loss ${loss.toFixed(3)} nats`),
        threads,
        signal,
      );
      if (result.status === 'interrupted') return undefined;
      return {
        values: { 'held-out loss': result.validationLoss },
        parameters: new ParameterLayout(model).size,
        steps,
        tokens: result.tokens,
        seconds: result.seconds,
      };
    },
  };
}

/** Table 6 at laptop scale. */
export const ablation: Experiment = {
  name: 'ablation',
  title: 'What each part contributes (Table 6)',
  about:
    'Loss on held-out text in nats a token, lower is better, each row a model that lacks one thing. Two blocks of ' +
    'width 64 with two heads, byte-level BPE of 512 tokens, rows of 64 tokens, 8 a step, AdamW.',
  defaults: { seeds: 3, steps: 300 },
  needsData: true,
  rowTitles: ['model'],
  columns: ['held-out loss'],
  format: value => value.toFixed(3),
  cells({ seeds, steps, data }) {
    if (!data) {
      throw new CheckpointError('reads texts', 'ablation', 'Name their folder with --data.');
    }
    return Array.from({ length: seeds }, (_, i) => i + 1).flatMap(seed =>
      Object.keys(VARIANTS).map(row => cellOf(row, seed, steps, data)),
    );
  },
};
