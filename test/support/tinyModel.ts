import { trainBytePair } from '../../engine/checkpoint/bytePairTrainer.ts';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { writeModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import { Random } from '../../engine/tensor/random.ts';

/** A few sentences that the tiny model's tokenizer has learned its pairs from; some 270 of its tokens. */
export const TINY_TEXT = [
  'Mira Halloway was born in Lisbon. The harbour of Lisbon lies on the river, and the river runs to the sea.',
  'Her father built boats in the harbour; her mother sold bread and salt to the people of the boats.',
  'When the sea was calm, Mira went with her father to the other bank of the river and read there all day.',
  'The people of the harbour remember her well: "She was born in Lisbon, and she knew every boat by its name."',
  'Later she lived in Porto, where the river runs between hills, and wrote about the boats of her father.',
].join('\n');

/** Width 16, 2 blocks, 2 heads, 300 tokens, periods 4, 8, 16, 32 and 64: fast, and every part is there. */
export const TINY_CONFIG: HopeConfig = {
  model_type: 'hope',
  format: 1,
  name: 'tiny',
  vocabulary: 300,
  width: 16,
  blocks: 2,
  heads: 2,
  convolution: 4,
  titans: {
    memory_period: 4,
    projections_period: 8,
    eta_scale: 1,
    eta_bias: -4,
    eta_ceiling: 0.1,
    gradient_ceiling: 1,
    alpha_bias: 5,
    qk_norm: true,
  },
  cms: { periods: [16, 32, 64], hidden_multiplier: 4 },
  learning_rates: { memory: 1, projections: 1, 'cms.0': 0.1, 'cms.1': 0.05, 'cms.2': 0.02 },
};

export interface TinyModelOptions {
  /** Fields of `config.json` that differ from `TINY_CONFIG`. */
  readonly config?: Partial<HopeConfig>;
  /** Of the initial weights. */
  readonly seed?: number;
}

/** Writes a model folder with fresh weights, the same for the same options, and returns its configuration. */
export async function makeTinyModel(
  folder: string,
  { config, seed = 1 }: TinyModelOptions = {},
): Promise<HopeConfig> {
  const complete = { ...TINY_CONFIG, ...config };
  const tokenizerJson = trainBytePair([TINY_TEXT], complete.vocabulary);
  const weights = initialParameters(complete, new Random(seed));
  const tensors = parameterSpecs(complete).map(({ name, shape }) => ({
    name,
    shape,
    data: weights.get(name)!,
  }));
  await writeModelFolder(folder, { config: complete, tokenizerJson, tensors });
  return complete;
}
