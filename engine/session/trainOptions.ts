import type { HopeConfig } from '../checkpoint/config.ts';
import { levelsOf } from '../checkpoint/config.ts';
import type { TrainOptions, TrainRequest } from '../protocol/training.ts';
import { EngineError } from './engineError.ts';

const MOST_EPOCHS = 10_000;
const MOST_RATE = 100;

/** The request with complete options. @throws EngineError on an empty text or a value that cannot be used. */
export function completeRequest(request: TrainRequest, config: HopeConfig): TrainRequest {
  if (!/\S/.test(request.text)) {
    throw new EngineError('bad-input', 'The text is empty.', 'Give a text with at least one word.');
  }
  for (const name of ['probeInterval', 'storageBudget'] as const) {
    const value = request[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new EngineError('bad-input', `${name} is ${value}.`, 'It must be a whole number of at least 0.');
    }
  }
  return { ...request, options: completeOptions(request.options, config) };
}

/** The options with a learning rate for every level, the model's own where none is given. @throws EngineError */
export function completeOptions(options: TrainOptions, config: HopeConfig): TrainOptions {
  const { epochs, learningRates } = options;
  if (!Number.isInteger(epochs) || epochs < 1 || epochs > MOST_EPOCHS) {
    const remedy = `It must be a whole number from 1 to ${MOST_EPOCHS}.`;
    throw new EngineError('bad-input', `epochs is ${epochs}.`, remedy);
  }
  const ids = levelsOf(config)
    .map(level => level.id as string)
    .filter(id => id !== 'outer');
  for (const [level, rate] of Object.entries(learningRates)) {
    if (!ids.includes(level)) {
      const remedy = `The levels are ${ids.join(', ')}.`;
      throw new EngineError(
        'bad-input',
        `The learning rates name a level "${level}" that the model lacks.`,
        remedy,
      );
    }
    if (!(rate >= 0 && rate <= MOST_RATE)) {
      const remedy = `It must be a number from 0 to ${MOST_RATE}.`;
      throw new EngineError('bad-input', `The learning rate of ${level} is ${rate}.`, remedy);
    }
  }
  const complete = ids.map(id => [id, learningRates[id] ?? config.learning_rates[id] ?? defaultRate(id)]);
  return { ...options, learningRates: Object.fromEntries(complete) };
}

/** Titans levels learn as the model itself decides; a CMS level without a rate is left alone. */
function defaultRate(level: string): number {
  return level.startsWith('cms.') ? 0 : 1;
}
