import type { HopeConfig } from '../checkpoint/config.ts';
import type { SystemName } from '../checkpoint/systems.ts';
import { NO_TITANS } from '../checkpoint/titansConfig.ts';
import type { Cell, Experiment } from './experiment.ts';
import { LANGUAGES, type Language } from './languages.ts';
import { BINS, trainOnLanguage } from './languageTraining.ts';
import { vocabularyOf } from './words.ts';

const WIDTH = 32;

/**
 * The compared systems at one width. Hope's memories are linear and written at every token: a state has to be kept
 * apart from its opposite, which takes a transition with a negative eigenvalue. Along a key that is α − 2η with half
 * the L2 loss, so η up to 0.99 reaches −0.98 and stays within the stability margin.
 */
const SYSTEMS: Readonly<Record<string, (vocabulary: number) => HopeConfig>> = {
  Hope: vocabulary => ({
    ...modelOf('hope', vocabulary, 4),
    titans: {
      memory_period: 1,
      projections_period: 1,
      eta_scale: 1,
      eta_bias: 0,
      eta_ceiling: 0.99,
      gradient_ceiling: 100,
      alpha_bias: 5,
      qk_norm: true,
      memory: 'linear',
      objective: 'half-l2',
    },
  }),
  LSTM: vocabulary => modelOf('lstm', vocabulary, 1),
  'Transformer++': vocabulary => modelOf('transformer', vocabulary, 1),
  'linear attention': vocabulary => modelOf('linear-attention', vocabulary, 1),
  DeltaNet: vocabulary => modelOf('deltanet', vocabulary, 4),
};

function modelOf(system: SystemName, vocabulary: number, convolution: number): HopeConfig {
  return {
    ...{ model_type: 'hope', format: 1, name: system, system, vocabulary, convolution },
    ...{ width: WIDTH, blocks: 1, heads: 2, titans: NO_TITANS, learning_rates: {} },
    cms: { periods: [64], hidden_multiplier: 2 },
  } as HopeConfig;
}

function cellOf(language: Language, system: string, seed: number, steps: number): Cell {
  const place = `${LANGUAGES.indexOf(language)}-${Object.keys(SYSTEMS).indexOf(system)}-${seed}`;
  return {
    id: place,
    row: [language.name, system],
    seed,
    run: context => trainOnLanguage(language, SYSTEMS[system](vocabularyOf(language)), seed, steps, context),
  };
}

/** Table 5 at laptop scale. */
export const formalLanguages: Experiment = {
  name: 'formal-languages',
  title: 'Formal languages (Table 5)',
  about:
    'After every prefix of a word a model says which symbols may come next. Numbers are the share of words, in ' +
    'percent, of which every answer is right. One block of width 32 with two heads, 16 words a step, AdamW; trained on ' +
    'words of 2 to 40 symbols, tested on new ones of such lengths and of longer ones (128 words each where the ' +
    'language has as many lengths).',
  defaults: { seeds: 1, steps: 600 },
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
