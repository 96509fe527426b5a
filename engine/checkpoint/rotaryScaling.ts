import type { FieldReader } from './fieldReader.ts';
import { present } from './titansConfig.ts';

/** Ways to stretch rotary positions over longer texts than a model was first trained on. */
export const ROTARY_SCALINGS = ['linear', 'dynamic', 'llama3', 'yarn', 'longrope'] as const;

/** How rotary positions are stretched by `factor`, in the words of Hugging Face. Positions are tokens. */
export interface RotaryScaling {
  readonly kind: (typeof ROTARY_SCALINGS)[number];
  readonly factor: number;
  /**
   * Tokens that the model was trained on before they were stretched; of `dynamic` those it still reads as they are, of
   * `longrope` those up to which a text is short.
   */
  readonly original_max_position_embeddings?: number;
  /** llama3: pairs that turn less often than this in so many tokens are stretched whole … */
  readonly low_freq_factor?: number;
  /** … those that turn more often than this not at all. */
  readonly high_freq_factor?: number;
  /** yarn: pairs that turn more often than this in so many tokens are not stretched; 32 where absent. */
  readonly beta_fast?: number;
  /** yarn: those that turn less often than this are stretched whole; 1 where absent. */
  readonly beta_slow?: number;
  /**
   * What q and k are multiplied by; where absent 0.1 ln factor + 1 of yarn, and √(1 + ln factor / ln positions) of
   * longrope.
   */
  readonly attention_factor?: number;
  /** yarn: whether the bounds between are whole pairs; true where absent. */
  readonly truncate?: boolean;
  /** longrope: what each pair is slowed by in a text that is short, [D / 2] … */
  readonly short_factor?: readonly number[];
  /** … and in one that is not. */
  readonly long_factor?: readonly number[];
}

/** What turns the channel pairs of a head. */
export interface RotaryFrequencies {
  /** Radians a token of each pair, [D / 2]. */
  readonly frequencies: Float64Array;
  /** What the turned q and k are multiplied by. */
  readonly scale: number;
}

/**
 * @param inner channels a head, two a pair
 * @throws CheckpointError naming the first wrong field, the value found and what is allowed.
 */
export function parseRotaryScaling(fields: FieldReader, inner: number): RotaryScaling {
  const kind = fields.choice('kind', ROTARY_SCALINGS);
  if (!kind) throw fields.faultOf('kind', `one of ${ROTARY_SCALINGS.join(', ')}`);
  const factor = fields.positive('factor', 1e6);
  if (factor < 1) throw fields.faultOf('factor', 'at least 1');
  if (kind === 'linear') return { kind, factor };
  const name = 'original_max_position_embeddings';
  // The factor on q and k of longrope divides by their logarithm.
  const fewest = kind === 'longrope' ? 2 : 1;
  const stretched = { kind, factor, [name]: fields.integer(name, fewest, 2 ** 30) };
  if (kind === 'dynamic') return stretched;
  if (kind === 'llama3') {
    const low = fields.positive('low_freq_factor');
    const high = fields.positive('high_freq_factor');
    if (high <= low) throw fields.faultOf('high_freq_factor', `more than low_freq_factor (${low})`);
    return { ...stretched, low_freq_factor: low, high_freq_factor: high };
  }
  const attention = { attention_factor: fields.optional('attention_factor', name => fields.positive(name)) };
  if (kind === 'longrope') {
    const [short_factor, long_factor] = ['short_factor', 'long_factor'].map(name =>
      slowed(fields, name, inner),
    );
    return { ...stretched, ...present(attention), short_factor, long_factor };
  }
  return {
    ...stretched,
    ...present({
      ...attention,
      beta_fast: fields.optional('beta_fast', name => fields.positive(name)),
      beta_slow: fields.optional('beta_slow', name => fields.positive(name)),
      truncate: fields.optional('truncate', name => fields.boolean(name)),
    }),
  };
}

/** What each pair is slowed by. */
function slowed(fields: FieldReader, name: string, inner: number): number[] {
  const factors = fields.value(name);
  const right = Array.isArray(factors) && factors.length === inner / 2;
  if (right && factors.every(factor => Number.isFinite(factor) && factor > 0)) return factors;
  throw fields.faultOf(name, `a list of ${inner / 2} numbers greater than 0, one for each pair of a head`);
}

/**
 * Pair i of D / 2 turns by base^(−2i/D) a token (Su et al. 2021), and of stretched positions: `linear` by a
 * factor-th of that (Chen et al. 2023), `dynamic` with a base that grows with the text beyond its positions, `llama3` and
 * `yarn` (Peng et al. 2023) slow pairs by a factor-th, fast ones as they are, and those between by a share of both,
 * `longrope` (Ding et al. 2024) each pair by a part of its own, another in long texts than in short ones.
 * @param inner channels a head, even
 * @param length tokens of the text, of which only `dynamic` and `longrope` know
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
    case 'longrope':
      return longrope(plain, scaling, length);
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

function longrope(plain: Float64Array, scaling: RotaryScaling, length: number): RotaryFrequencies {
  const { factor, original_max_position_embeddings: positions = 1, short_factor, long_factor } = scaling;
  const by = (length > positions ? long_factor : short_factor) ?? [];
  const stretched = factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(positions)) : 1;
  return {
    frequencies: plain.map((frequency, i) => frequency / (by[i] ?? 1)),
    scale: scaling.attention_factor ?? stretched,
  };
}
