import type { FieldReader } from './fieldReader.ts';
import { present } from './titansConfig.ts';

/** Ways to stretch rotary positions over longer texts than a model was first trained on. */
export const ROTARY_SCALINGS = ['linear', 'dynamic', 'llama3', 'yarn'] as const;

/** How rotary positions are stretched by `factor`, in the words of Hugging Face. Positions are tokens. */
export interface RotaryScaling {
  readonly kind: (typeof ROTARY_SCALINGS)[number];
  readonly factor: number;
  /** Tokens that the model was trained on before they were stretched; of `dynamic` those it still reads as they are. */
  readonly original_max_position_embeddings?: number;
  /** llama3: pairs that turn less often than this in so many tokens are stretched whole … */
  readonly low_freq_factor?: number;
  /** … those that turn more often than this not at all. */
  readonly high_freq_factor?: number;
  /** yarn: pairs that turn more often than this in so many tokens are not stretched; 32 where absent. */
  readonly beta_fast?: number;
  /** yarn: those that turn less often than this are stretched whole; 1 where absent. */
  readonly beta_slow?: number;
  /** yarn: what q and k are multiplied by; 0.1 ln factor + 1 where absent. */
  readonly attention_factor?: number;
  /** yarn: whether the bounds between are whole pairs; true where absent. */
  readonly truncate?: boolean;
}

/** What turns the channel pairs of a head. */
export interface RotaryFrequencies {
  /** Radians a token of each pair, [D / 2]. */
  readonly frequencies: Float64Array;
  /** What the turned q and k are multiplied by. */
  readonly scale: number;
}

/** @throws CheckpointError naming the first wrong field, the value found and what is allowed. */
export function parseRotaryScaling(fields: FieldReader): RotaryScaling {
  const kind = fields.choice('kind', ROTARY_SCALINGS);
  if (!kind) throw fields.faultOf('kind', `one of ${ROTARY_SCALINGS.join(', ')}`);
  const factor = fields.positive('factor', 1e6);
  if (factor < 1) throw fields.faultOf('factor', 'at least 1');
  if (kind === 'linear') return { kind, factor };
  const name = 'original_max_position_embeddings';
  const stretched = { kind, factor, [name]: fields.integer(name, 1, 2 ** 30) };
  if (kind === 'dynamic') return stretched;
  if (kind === 'llama3') {
    const low = fields.positive('low_freq_factor');
    const high = fields.positive('high_freq_factor');
    if (high <= low) throw fields.faultOf('high_freq_factor', `more than low_freq_factor (${low})`);
    return { ...stretched, low_freq_factor: low, high_freq_factor: high };
  }
  return {
    ...stretched,
    ...present({
      beta_fast: fields.optional('beta_fast', name => fields.positive(name)),
      beta_slow: fields.optional('beta_slow', name => fields.positive(name)),
      attention_factor: fields.optional('attention_factor', name => fields.positive(name)),
      truncate: fields.optional('truncate', name => fields.boolean(name)),
    }),
  };
}

/**
 * Pair i of D / 2 turns by base^(−2i/D) a token (Su et al. 2021), and of stretched positions: `linear` by a
 * factor-th of that (Chen et al. 2023), `dynamic` with a base that grows with the text beyond its positions, `llama3` and
 * `yarn` (Peng et al. 2023) slow pairs by a factor-th, fast ones as they are, and those between by a share of both.
 * @param inner channels a head, even @param length tokens of the text, of which only `dynamic` knows
 */
export function rotaryFrequencies(
  inner: number,
  base: number,
  scaling?: RotaryScaling,
  length = 0,
): RotaryFrequencies {
  const stretch = scaling?.kind === 'dynamic' ? grown(scaling, length) ** (inner / (inner - 2)) : 1;
  const plain = Float64Array.from({ length: inner / 2 }, (_, i) => (base * stretch) ** ((-2 * i) / inner));
  switch (scaling?.kind) {
    case 'linear':
      return { frequencies: plain.map(frequency => frequency / scaling.factor), scale: 1 };
    case 'llama3':
      return { frequencies: plain.map(frequency => mixed(frequency, scaling)), scale: 1 };
    case 'yarn':
      return yarn(plain, base, scaling);
    default:
      return { frequencies: plain, scale: 1 };
  }
}

/** What the base is multiplied by, but for its power. */
function grown(
  { factor, original_max_position_embeddings: positions = 1 }: RotaryScaling,
  length: number,
): number {
  return (factor * Math.max(length, positions)) / positions - (factor - 1);
}

function mixed(frequency: number, scaling: RotaryScaling): number {
  const { factor, low_freq_factor: low = 1, high_freq_factor: high = 4 } = scaling;
  const { original_max_position_embeddings: positions = 1 } = scaling;
  const turns = (positions * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return ((1 - kept) * frequency) / factor + kept * frequency;
}

function yarn(plain: Float64Array, base: number, scaling: RotaryScaling): RotaryFrequencies {
  const { factor, beta_fast: fast = 32, beta_slow: slow = 1, truncate = true } = scaling;
  const { original_max_position_embeddings: positions = 1 } = scaling;
  const inner = 2 * plain.length;
  /** The pair that turns so often in its positions, perhaps between two. */
  const pairOf = (turns: number) =>
    (inner * Math.log(positions / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [low, high] = [pairOf(fast), pairOf(slow)];
  const first = Math.max(truncate ? Math.floor(low) : low, 0);
  const last = Math.min(truncate ? Math.ceil(high) : high, inner - 1);
  // Equal bounds would divide by zero.
  const width = last === first ? 1e-3 : last - first;
  const frequencies = plain.map((frequency, i) => {
    const stretched = Math.min(1, Math.max(0, (i - first) / width));
    return (frequency / factor) * stretched + frequency * (1 - stretched);
  });
  return { frequencies, scale: scaling.attention_factor ?? (factor > 1 ? 0.1 * Math.log(factor) + 1 : 1) };
}
