import type { HopeConfig } from '../checkpoint/config.ts';
import type { TransformerConfig } from '../checkpoint/transformerConfig.ts';
import type { Sources } from './weightSource.ts';

/** How a public Transformer is built, and where its weights are in its file. */
export interface PretrainedModel {
  readonly config: HopeConfig;
  readonly sources: Sources;
}

/** What both families say in words of their own. */
export interface PretrainedSizes {
  readonly system: 'llama' | 'gpt-2';
  readonly name: string;
  readonly vocabulary: number;
  readonly width: number;
  readonly hidden: number;
  readonly blocks: number;
  readonly heads: number;
  /** Tokens that it was trained to look back on. */
  readonly window: number;
  readonly transformer: TransformerConfig;
}

/** Tokens between two updates of the blocks' MLPs, the one level of a model to which none was added. */
const PERIOD = 64;
/** Small enough for the summed gradient of a chunk of hundreds of tokens; a setting changes it. */
export const LEVEL_RATE = 0.001;

/** The MLP of every block is the one level of its continuum memory system: a Transformer is the case of k = 1 (Eq. 74). */
export function pretrainedConfig({ hidden, ...sizes }: PretrainedSizes): Record<string, unknown> {
  return {
    model_type: 'hope',
    format: 1,
    convolution: 1,
    ...sizes,
    cms: { periods: [PERIOD], hidden_multiplier: hidden / sizes.width },
    learning_rates: { 'cms.0': LEVEL_RATE },
  };
}
