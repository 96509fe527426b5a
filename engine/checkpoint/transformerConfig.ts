import type { FieldReader } from './fieldReader.ts';
import { parseRotaryScaling, type RotaryScaling } from './rotaryScaling.ts';
import type { SystemName } from './systems.ts';
import { present } from './titansConfig.ts';

/** What tells one Llama or GPT-2 from another, beside the sizes that every model has. */
export interface TransformerConfig {
  /** ε of its norms; 1e-5 where absent. */
  readonly epsilon?: number;
  /** Whether the head has weights of its own, in place of the embedding's; false where absent. */
  readonly own_head?: boolean;
  /** Llama: heads of keys and values, each shared by heads / key_heads queries; as many as `heads` where absent. */
  readonly key_heads?: number;
  /** Llama: θ of the rotary positions; 10,000 where absent. */
  readonly rotary_base?: number;
  /** Llama: how its rotary positions are stretched; not at all where absent. */
  readonly rotary_scaling?: RotaryScaling;
  /** Llama: whether queries, keys and values have biases; false where absent. */
  readonly attention_bias?: boolean;
  /** GPT-2: learned positions; 1,024 where absent. A longer document begins again at the first. */
  readonly positions?: number;
}

/** @param inner channels a head @throws CheckpointError naming the first wrong field, the value found and what is allowed. */
export function parseTransformer(
  fields: FieldReader,
  heads: number,
  inner: number,
  system: SystemName,
): TransformerConfig {
  const only = (name: string, of: SystemName) => {
    if (fields.value(name) !== undefined && system !== of) {
      throw fields.faultOf(name, `left out: ${system} has none`);
    }
  };
  for (const name of ['key_heads', 'rotary_base', 'rotary_scaling', 'attention_bias']) only(name, 'llama');
  only('positions', 'gpt-2');
  const transformer: TransformerConfig = present({
    epsilon: fields.optional('epsilon', name => fields.positive(name, 1)),
    own_head: fields.optional('own_head', name => fields.boolean(name)),
    key_heads: fields.optional('key_heads', name => fields.integer(name, 1, heads)),
    rotary_base: fields.optional('rotary_base', name => fields.positive(name)),
    rotary_scaling: fields.optional('rotary_scaling', name => parseRotaryScaling(fields.object(name), inner)),
    attention_bias: fields.optional('attention_bias', name => fields.boolean(name)),
    positions: fields.optional('positions', name => fields.integer(name, 1, 2 ** 24)),
  });
  if (transformer.key_heads && heads % transformer.key_heads !== 0) {
    throw fields.faultOf('key_heads', `a divisor of heads (${heads})`);
  }
  return transformer;
}

/** Learned positions of a GPT-2. */
export function positionsOf({ positions = 1024 }: TransformerConfig = {}): number {
  return positions;
}
