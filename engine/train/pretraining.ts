import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BytePairProgress, trainBytePairPatiently } from '../checkpoint/bytePairTrainer.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { writeModelFolder } from '../checkpoint/modelFolder.ts';
import { Tokenizer } from '../checkpoint/tokenizer.ts';
import { initialParameters } from '../model/initialize.ts';
import { Random } from '../tensor/random.ts';
import { BatchSource, type Corpus, readDocuments, tokeniseCorpus } from './corpus.ts';
import { type GradientSource, pooledGradients, singleGradients, type Workers } from './gradientPool.ts';
import { OuterMemories } from './outerMemories.ts';
import { OuterTrainer } from './outerTrainer.ts';
import { ParameterLayout } from './parameterLayout.ts';
import type { PretrainConfig } from './pretrainConfig.ts';
import { type PretrainingState, readPretrainingState, writePretrainingState } from './pretrainingState.ts';
import { RowGradients } from './rowGradients.ts';
import { warmupCosine } from './schedule.ts';
import { unigramLoss } from './unigram.ts';

export interface PretrainProgress {
  readonly step: number;
  readonly steps: number;
  /** Exponential mean of the training loss, nats per token. */
  readonly loss: number;
  /** Latest validation loss, NaN before the first. */
  readonly validationLoss: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export interface PretrainResult {
  readonly steps: number;
  readonly tokens: number;
  readonly loss: number;
  readonly validationLoss: number;
  /** Loss of a unigram model of the training tokens on the same held-out text. */
  readonly unigramLoss: number;
  readonly validationTokens: number;
  readonly parameters: number;
  readonly seconds: number;
  readonly status: 'finished' | 'interrupted';
}

/**
 * Trains a model from nothing, or goes on from the last checkpoint in `output`, and writes the model folder there.
 * A kill loses the steps since the last checkpoint and nothing else; `signal` stops after the step in flight.
 * @param onTokenizer told how far the tokenizer of a new model is @throws the signal's reason if aborted before a step
 */
export async function pretrain(
  { model, training }: PretrainConfig,
  data: string,
  output: string,
  onProgress: (progress: PretrainProgress) => void,
  workers: Workers,
  signal?: AbortSignal,
  onTokenizer?: (progress: BytePairProgress) => void,
): Promise<PretrainResult> {
  await mkdir(output, { recursive: true });
  const files = await readDocuments(data);
  const statePath = join(output, 'pretraining.safetensors');
  const saved = await readPretrainingState(statePath, { model, training });
  const tokenizerJson =
    saved?.tokenizer ?? (await trainBytePairPatiently(files.flat(), model.vocabulary, onTokenizer, signal));
  const tokenizer = Tokenizer.parse(tokenizerJson, join(output, 'tokenizer.json'));
  const corpus = tokeniseCorpus(files, tokenizer, training.validation_fraction);
  refuseTooLittle(corpus, training, data);
  const state = saved ?? freshState({ model, training }, tokenizerJson as object);
  const layout = new ParameterLayout(model);
  const gradients = openGradients(model, tokenizer.endOfText, layout, training.batch, workers);
  layout.flatten(state.weights, gradients.weights);
  const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: training.weight_decay };
  const muon =
    training.optimizer === 'muon' ? { momentum: 0.95, weightDecay: training.weight_decay } : undefined;
  const { optimizer = 'adamw' } = training;
  const memories =
    optimizer === 'adamw' || optimizer === 'muon'
      ? undefined
      : new OuterMemories(optimizer, new Map(state.memories));
  const trainer = new OuterTrainer(layout, gradients, adamW, training.clip, state.moments, muon, memories);
  const source = new BatchSource(corpus, tokenizer.endOfText, training.batch, training.tokens, training.seed);
  const begun = performance.now();
  const first = state.step;
  let { step, loss, validationLoss, seconds } = state;

  const save = async () => {
    const { moments } = trainer;
    const elapsed = seconds + (performance.now() - begun) / 1000;
    const next = { step, loss, validationLoss, seconds: elapsed, tokenizer: state.tokenizer, moments };
    const remembered = memories?.memories;
    const weights = layout.split(gradients.weights);
    await writePretrainingState(statePath, { model, training }, { ...next, weights, memories: remembered });
    const tensors = layout.specs.map(({ name, shape }) => ({ name, shape, data: weights.get(name)! }));
    await writeModelFolder(output, { config: model, tokenizerJson: state.tokenizer, tensors });
  };

  while (step < training.steps && !signal?.aborted) {
    step++;
    const rate = warmupCosine(step, training.steps, training.warmup_steps, training.rate);
    const now = (await trainer.step(source.at(step), resetMask(training, step), step, rate)).loss;
    if (Number.isFinite(now)) loss = Number.isNaN(loss) ? now : loss + (now - loss) * 0.02;
    const last = step === training.steps;
    if (last || step % training.validation_interval === 0) {
      validationLoss = await validate(model, tokenizer.endOfText, gradients.weights, corpus, training);
    }
    if (last || step % training.checkpoint_interval === 0) await save();
    const rateNow = (step - first) / ((performance.now() - begun) / 1000);
    onProgress({
      step,
      steps: training.steps,
      loss,
      validationLoss,
      tokensPerSecond: rateNow * training.batch * training.tokens,
      secondsLeft: (training.steps - step) / rateNow,
    });
    await new Promise(resolve => setImmediate(resolve));
  }
  if (signal?.aborted) await save();
  seconds += (performance.now() - begun) / 1000;
  await gradients.dispose();
  return {
    steps: step,
    tokens: step * training.batch * training.tokens,
    loss,
    validationLoss,
    unigramLoss: unigramLoss(corpus.training, corpus.validation, model.vocabulary),
    validationTokens: corpus.validation.length - 1,
    parameters: layout.size,
    seconds,
    status: step === training.steps ? 'finished' : 'interrupted',
  };
}

/** @throws CheckpointError when the text does not fill one step, or what is held out not one row. */
function refuseTooLittle(
  { trainingTokens, validation }: Corpus,
  { batch, tokens }: PretrainConfig['training'],
  data: string,
): void {
  const held = validation.length;
  if (trainingTokens > batch * tokens && held > tokens) return;
  const found = `${trainingTokens} tokens for training and ${held} held out`;
  const remedy =
    'Add text, or change training.batch, training.tokens or training.validation_fraction of the configuration.';
  throw new CheckpointError(
    `${found} are too few: they must be over ${batch * tokens} and ${tokens}`,
    data,
    remedy,
  );
}

function freshState({ model, training }: PretrainConfig, tokenizer: object): PretrainingState {
  const weights = initialParameters(model, new Random(training.seed));
  return { step: 0, loss: Number.NaN, validationLoss: Number.NaN, seconds: 0, tokenizer, weights };
}

/** 1 for the rows whose memories start again at M□,0 before this step. */
function resetMask(
  { batch, reset_probability, seed }: PretrainConfig['training'],
  step: number,
): Float32Array {
  const random = new Random(seed ^ Math.imul(step, 0x9e3779b1));
  return Float32Array.from({ length: batch }, () => (random.uniform() < reset_probability ? 1 : 0));
}

/** Mean held-out loss over all whole rows, each read from M□,0, nats per token. */
async function validate(
  model: PretrainConfig['model'],
  endOfText: number,
  weights: Float32Array,
  { validation }: Corpus,
  { batch, tokens }: PretrainConfig['training'],
): Promise<number> {
  const reader = new RowGradients(model, endOfText);
  const rows = Math.floor((validation.length - 1) / tokens);
  let sum = 0;
  for (let row = 0; row < rows; row += batch) {
    const count = Math.min(batch, rows - row);
    const from = row * tokens;
    const ids = validation.slice(from, from + count * tokens);
    const targets = validation.slice(from + 1, from + count * tokens + 1);
    sum += count * (await reader.evaluate(weights, { ids, targets }, count));
  }
  return sum / rows;
}

function openGradients(
  model: PretrainConfig['model'],
  endOfText: number,
  layout: ParameterLayout,
  batch: number,
  workers: Workers,
): GradientSource {
  let count = Math.min(workers.count, batch);
  while (batch % count) count--;
  if (count === 1) return singleGradients(model, endOfText);
  return pooledGradients(model, endOfText, layout.size, { ...workers, count });
}
