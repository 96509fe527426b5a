import type { HopeConfig } from '../checkpoint/config.ts';
import type { SystemName } from '../checkpoint/systems.ts';
import { NO_TITANS, type TitansConfig } from '../checkpoint/titansConfig.ts';
import type { Cell, Experiment } from './experiment.ts';
import { LANGUAGES, type Language } from './languages.ts';
import { BINS, trainOnLanguage } from './languageTraining.ts';
import { vocabularyOf } from './words.ts';

const WIDTH = 32;

/**
 * How Hope's memories, linear and M_memory written at every token, are set for a language. Keeping a state apart from its
 * opposite takes a transition with a negative eigenvalue: along a key it is α − 2η with half the L2 loss, so η, which
 * begins at 0.85 and ends at 0.998, reaches −0.996 and stays within the stability margin. Counting takes a sum that
 * forgets nothing: the dot product without the erase term adds η v̂ kᵀ (Eq. 92), η beginning at 0.13. What generates
 * would be such a sum, too, which grows with the word; its chunk is therefore longer than any word.
 */
function titansOf({ regular }: Language): TitansConfig {
  return {
    ...{ memory_period: 1, qk_norm: true, memory: 'linear', alpha_bias: 9 },
    ...{ eta_scale: 1, eta_ceiling: 0.998, gradient_ceiling: 100 },
    ...(regular
      ? { eta_bias: 0.3, objective: 'half-l2', projections_period: 8 }
      : { eta_bias: -2, objective: 'dot-product', projections_period: 128, erase: false }),
  };
}

/** The compared systems at one width. */
const SYSTEMS: Readonly<Record<string, (language: Language) => HopeConfig>> = {
  Hope: language => ({ ...modelOf('hope', language, 4), titans: titansOf(language) }),
  LSTM: language => modelOf('lstm', language, 1),
  'Transformer++': language => modelOf('transformer', language, 1),
  'linear attention': language => modelOf('linear-attention', language, 1),
  DeltaNet: language => modelOf('deltanet', language, 4),
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
  const place = `${LANGUAGES.indexOf(language)}-${Object.keys(SYSTEMS).indexOf(system)}-${seed}`;
  return {
    id: place,
    row: [language.name, system],
    seed,
    run: context => trainOnLanguage(language, SYSTEMS[system](language), seed, steps, context),
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
    'language has as many lengths). Hope has two settings of its inner rule, one for the three languages that states ' +
    'tell apart and one for the three that take counting; no other system has such a choice.',
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
