import { join } from 'node:path';
import type { HopeConfig } from '../checkpoint/config.ts';
import { initialParameters } from '../model/initialize.ts';
import { Random } from '../tensor/random.ts';
import { pooledGradients, singleGradients } from '../train/gradientPool.ts';
import { OuterTrainer } from '../train/outerTrainer.ts';
import { ParameterLayout } from '../train/parameterLayout.ts';
import type { PretrainConfig } from '../train/pretrainConfig.ts';
import { readPretrainingState, writePretrainingState } from '../train/pretrainingState.ts';
import { RowGradients } from '../train/rowGradients.ts';
import { warmupCosine } from '../train/schedule.ts';
import type { CellContext, CellResult } from './experiment.ts';
import type { Language } from './languages.ts';
import { type LengthBin, START, testRows, trainingRows } from './words.ts';

/** Words a step, lengths of a test bin and words of each; lengths that are trained on are those of the first bin. */
const BATCH = 16;
const TEST = { lengths: 8, words: 16 };
/** The longest words of the first step; they grow to the end of the bin until half of the steps are done. */
const SHORT = 8;
/** What is left of the learning rate at the end: the last digits of a counter are learned in the last steps. */
const LEAST = 0.01;
const SAVE_INTERVAL = 50;
export const BINS: Readonly<Record<string, LengthBin>> = {
  'lengths 2 to 40': { from: 2, to: 40 },
  'lengths 41 to 80': { from: 41, to: 80 },
};

/** Lengths of the words of a step. */
function lengthsAt(step: number, steps: number): LengthBin {
  const [{ from, to }] = Object.values(BINS);
  const grown = SHORT + ((to - SHORT) * step) / (steps / 2);
  return { from, to: Math.min(to, Math.ceil(grown)) };
}

/**
 * Trains a model to answer after every prefix, and says which share of the tested words it gets right.
 * @param peak learning rate
 */
export async function trainOnLanguage(
  language: Language,
  model: HopeConfig,
  peak: number,
  seed: number,
  steps: number,
  { folder, threads, signal, onProgress }: CellContext,
): Promise<CellResult | undefined> {
  const settings = settingsOf(model, peak, seed, steps);
  const path = join(folder, 'training.safetensors');
  const saved = await readPretrainingState(path, settings);
  const layout = new ParameterLayout(model);
  const count = Math.min(2, threads.count);
  const gradients =
    count === 1
      ? singleGradients(model, START)
      : pooledGradients(model, START, layout.size, { ...threads, count });
  layout.flatten(saved?.weights ?? initialParameters(model, new Random(seed)), gradients.weights);
  const { weight_decay, clip, warmup_steps } = settings.training;
  const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: weight_decay };
  const trainer = new OuterTrainer(layout, gradients, adamW, clip, saved?.moments);
  const rowsAt = (step: number) => trainingRows(language, lengthsAt(step, steps), BATCH, seed, step);
  const reset = new Float32Array(BATCH).fill(1);
  let { step = 0, loss = Number.NaN, seconds = 0 } = saved ?? {};
  let tokens = 0;
  for (let past = 1; past <= step; past++) {
    tokens += rowsAt(past).ids.length;
  }
  const begun = performance.now();
  const elapsed = () => seconds + (performance.now() - begun) / 1000;
  const save = () =>
    writePretrainingState(path, settings, {
      ...{ step, loss, validationLoss: Number.NaN, seconds: elapsed(), tokenizer: {} },
      weights: layout.split(gradients.weights),
      moments: trainer.moments,
    });
  try {
    while (step < steps && !signal.aborted) {
      step++;
      const rows = rowsAt(step);
      const rate = warmupCosine(step, steps, warmup_steps, peak, LEAST);
      ({ loss } = await trainer.step(rows, reset, step, rate));
      tokens += rows.ids.length;
      if (step % SAVE_INTERVAL === 0 || step === steps || signal.aborted) await save();
      onProgress(`step ${step} of ${steps}, loss ${loss.toFixed(4)} nats`);
    }
    if (signal.aborted) {
      await save();
      return undefined;
    }
    const values = await scores(language, model, gradients.weights);
    seconds = elapsed();
    return { values, parameters: layout.size, steps, tokens, seconds };
  } finally {
    await gradients.dispose();
  }
}

/** Share of words of which every answer is right, a bin, in percent. */
async function scores(
  language: Language,
  model: HopeConfig,
  weights: Float32Array,
): Promise<Record<string, number>> {
  const reader = new RowGradients(model, START);
  const found: Record<string, number> = {};
  for (const [name, bin] of Object.entries(BINS)) {
    let [right, all] = [0, 0];
    for (const rows of testRows(language, bin, TEST.lengths, TEST.words)) {
      const answers = await reader.answers(weights, rows, TEST.words);
      const tokens = rows.ids.length / TEST.words;
      for (let row = 0; row < TEST.words; row++) {
        const at = row * tokens;
        const wrong = answers.subarray(at, at + tokens).some((answer, t) => answer !== rows.targets[at + t]);
        all++;
        if (!wrong) right++;
      }
    }
    found[name] = (100 * right) / all;
  }
  return found;
}

/** What a kept training must have in common with one that goes on from it. */
function settingsOf(model: HopeConfig, peak: number, seed: number, steps: number): PretrainConfig {
  const training = {
    ...{ batch: BATCH, tokens: BINS['lengths 2 to 40'].to, steps, rate: peak, seed },
    ...{ warmup_steps: Math.ceil(steps / 20), weight_decay: 0.01, clip: 1, reset_probability: 1 },
    ...{ validation_fraction: 0.5, validation_interval: steps, checkpoint_interval: SAVE_INTERVAL },
  };
  return { model, training };
}
