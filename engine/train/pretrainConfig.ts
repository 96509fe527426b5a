import { readFile } from 'node:fs/promises';
import { reasonOf } from '../checkpoint/atomicFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type HopeConfig, parseConfig } from '../checkpoint/config.ts';
import { hasMemories } from '../checkpoint/systems.ts';
import { OUTER_OPTIMIZERS, type OuterOptimizer } from './outerMemories.ts';

/** `--config` of `hopescope pretrain`: the model to build and how its outer loop runs. */
export interface PretrainConfig {
  readonly model: HopeConfig;
  readonly training: TrainingConfig;
}

export interface TrainingConfig {
  /** Rows a step. */
  readonly batch: number;
  /** Tokens a row and step; a multiple of every Titans period. */
  readonly tokens: number;
  readonly steps: number;
  /**
   * What steps the weights, AdamW if absent; with Muon, matrices but the embedding are its. The others are those of the
   * levels, at their usual hyperparameters; delta gradient descent is none of them, as the outer loop does not keep
   * what went into a matrix.
   */
  readonly optimizer?: 'adamw' | 'muon' | OuterOptimizer;
  /** Peak learning rate. */
  readonly rate: number;
  readonly warmup_steps: number;
  readonly weight_decay: number;
  /** Largest norm of the whole gradient. */
  readonly clip: number;
  /** Probability a row and step that its memories start again at M□,0. */
  readonly reset_probability: number;
  /** Share of every file held out. */
  readonly validation_fraction: number;
  /** Steps between two validations. */
  readonly validation_interval: number;
  /** Steps between two checkpoints: what a kill may lose. */
  readonly checkpoint_interval: number;
  readonly seed: number;
}

const RANGES: Readonly<
  Record<Exclude<keyof TrainingConfig, 'optimizer'>, readonly [number, number, boolean]>
> = {
  batch: [1, 4096, true],
  tokens: [1, 65536, true],
  steps: [1, 1e9, true],
  rate: [0, 1, false],
  warmup_steps: [0, 1e9, true],
  weight_decay: [0, 1, false],
  clip: [1e-6, 1e6, false],
  reset_probability: [0, 1, false],
  validation_fraction: [0.001, 0.5, false],
  validation_interval: [1, 1e9, true],
  checkpoint_interval: [1, 1e9, true],
  seed: [0, 4294967295, true],
};

/** @throws CheckpointError naming the field that is missing or out of range. */
export async function readPretrainConfig(path: string): Promise<PretrainConfig> {
  const remedy = 'Give a JSON file with "model" and "training", like those in engine/recipes.';
  let json: { model?: unknown; training?: Record<string, unknown> } | null;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    // The parser's messages quote the file, which may be a text given by mistake.
    const reason = error instanceof SyntaxError ? 'it is no valid JSON' : reasonOf(error);
    throw new CheckpointError(`cannot be read: ${reason}`, path, remedy);
  }
  if (!json?.model || typeof json.training !== 'object') {
    throw new CheckpointError('"model" or "training" is missing', path, remedy);
  }
  const model = parseConfig(json.model, path);
  for (const [field, [low, high, whole]] of Object.entries(RANGES)) {
    const value = json.training[field];
    if (
      typeof value !== 'number' ||
      !(value >= low && value <= high) ||
      (whole && !Number.isInteger(value))
    ) {
      const kind = whole ? 'a whole number' : 'a number';
      throw new CheckpointError(
        `training.${field} is ${JSON.stringify(value)}`,
        path,
        `It must be ${kind} from ${low} to ${high}.`,
      );
    }
  }
  const { optimizer = 'adamw' } = json.training;
  const known = ['adamw', 'muon', ...OUTER_OPTIMIZERS];
  if (!known.includes(optimizer as string)) {
    const given = JSON.stringify(optimizer);
    throw new CheckpointError(
      `training.optimizer is ${given}`,
      path,
      `It must be one of ${known.join(', ')}.`,
    );
  }
  const training = json.training as unknown as TrainingConfig;
  const { memory_period, projections_period } = model.titans;
  for (const period of hasMemories(model) ? [memory_period, projections_period] : []) {
    if (training.tokens % period !== 0) {
      throw new CheckpointError(
        `training.tokens is ${training.tokens}`,
        path,
        `It must be a multiple of ${period}.`,
      );
    }
  }
  return { model, training };
}
