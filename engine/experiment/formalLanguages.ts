import type { HopeConfig } from '../checkpoint/config.ts';
import type { SystemName } from '../checkpoint/systems.ts';
import { NO_TITANS, type TitansConfig } from '../checkpoint/titansConfig.ts';
import type { Cell, Experiment } from './experiment.ts';
import { LANGUAGES, type Language } from './languages.ts';
import { BINS, trainOnLanguage } from './languageTraining.ts';
import { vocabularyOf } from './words.ts';

const WIDTH = 32;

/**
 * How Hope's two memories a block are set, one for all languages: linear, M_memory written at every token with shared
 * values (Eq. 79–82), forgetting nothing by itself. Keeping a state apart from its opposite takes a transition with a
 * negative eigenvalue: along a key it is α − 2η with half the L2 loss, so η, which begins at 0.85 and ends at 0.998,
 * reaches −0.996 and stays within the stability margin. Counting takes a sum that nothing is erased from: the second
 * head adds η v kᵀ (Eq. 92). What generates is written for the first time after more tokens than any word has.
 */
const TITANS: TitansConfig = {
  ...{ memory_period: 1, projections_period: 128, memory: 'linear', values: 'shared', objective: 'half-l2' },
  ...{ eta_scale: 1, eta_bias: 0.3, eta_ceiling: 0.998, gradient_ceiling: 100, alpha_bias: 9, qk_norm: true },
  ...{ adaptive: ['k', 'v', 'eta'], retention: false, summing_heads: 1 },
};

interface Compared {
  model(language: Language): HopeConfig;
  /** Learning rate; that of Hope and of the LSTM is the better of those that were tried. */
  readonly rate: number;
}

/** The compared systems at one width. */
const SYSTEMS: Readonly<Record<string, Compared>> = {
  Hope: { rate: 5e-3, model: language => ({ ...modelOf('hope', language, 1), titans: TITANS }) },
  LSTM: { rate: 1e-2, model: language => modelOf('lstm', language, 1) },
  'Transformer++': { rate: 3e-3, model: language => modelOf('transformer', language, 1) },
  'linear attention': { rate: 5e-3, model: language => modelOf('linear-attention', language, 1) },
  DeltaNet: { rate: 5e-3, model: language => modelOf('deltanet', language, 4) },
};

function modelOf(system: SystemName, language: Language, convolution: number): HopeConfig {
  const vocabulary = vocabularyOf(language);
  return {
    ...{ model_type: 'hope', format: 1, name: system, system, vocabulary, convolution },
    ...{ width: WIDTH, blocks: 1, heads: 2, titans: NO_TITANS, learning_rates: {} },
    cms: { periods: [64], hidden_multiplier: 2 },
  } as HopeConfig;
}

function cellOf(language: Language, system: string, seed: number, steps: number): Cell {
  const { model, rate } = SYSTEMS[system];
  const place = `${LANGUAGES.indexOf(language)}-${Object.keys(SYSTEMS).indexOf(system)}-${seed}`;
  return {
    id: place,
    row: [language.name, system],
    seed,
    run: context => trainOnLanguage(language, model(language), rate, seed, steps, context),
  };
}

/** Table 5 at laptop scale. */
export const formalLanguages: Experiment = {
  name: 'formal-languages',
  title: 'Formal languages (Table 5)',
  about:
    'After every prefix of a word a model says which symbols may come next. Numbers are the share of words, in ' +
    'percent, of which every answer is right. One block of width 32 with two heads, 16 words a step, AdamW with a ' +
    'learning rate for each system; trained on words of 2 to 8 symbols first, growing to 40 until half of the steps are ' +
    'done, tested on new ones of such lengths and of longer ones (128 words each where the language has as many ' +
    'lengths). Hope has one setting for all languages, with one head that erases along its key and one that only sums up.',
  defaults: { seeds: 1, steps: 1200 },
  needsData: false,
  rowTitles: ['language', 'system'],
  columns: Object.keys(BINS),
  format: value => value.toFixed(1),
  cells: ({ seeds, steps }) =>
    Array.from({ length: seeds }, (_, i) => i + 1).flatMap(seed =>
      LANGUAGES.flatMap(language =>
        Object.keys(SYSTEMS).map(system => cellOf(language, system, seed, steps)),
      ),
    ),
};
