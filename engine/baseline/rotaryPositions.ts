import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { FieldReader } from '../checkpoint/fieldReader.ts';
import { parseRotaryScaling, ROTARY_SCALINGS, type RotaryScaling } from '../checkpoint/rotaryScaling.ts';

/** Rotary positions of a Llama. */
export interface RotaryPositions {
  /** θ */
  readonly base: number;
  readonly scaling?: RotaryScaling;
}

/**
 * Rotary positions as Hugging Face writes them, in old configs (`rope_theta`, `rope_scaling`) and new ones
 * (`rope_parameters`).
 * @param inner channels a head
 * @throws CheckpointError for a kind that is not computed, or naming a wrong field
 */
export function rotaryPositions(config: FieldReader, path: string, inner: number): RotaryPositions {
  const field = config.value('rope_parameters') != null ? 'rope_parameters' : 'rope_scaling';
  const given = config.value(field) != null ? config.object(field) : undefined;
  const stated = (name: string) => given?.value(name) ?? config.value(name);
  const base = stated('rope_theta') ?? 10_000;
  if (typeof base !== 'number' || !(base > 0)) throw config.faultOf('rope_theta', 'a number greater than 0');
  const part = stated('partial_rotary_factor') ?? 1;
  if (part !== 1) throw config.faultOf('partial_rotary_factor', '1');
  const kind = given?.value('rope_type') ?? given?.value('type') ?? 'default';
  if (kind === 'default' || !given) return { base };
  if (!ROTARY_SCALINGS.includes(kind as RotaryScaling['kind'])) {
    throw new CheckpointError(
      `its rotary positions are of type ${JSON.stringify(kind)}, which is not computed`,
      path,
      `Use a Llama with plain positions, or with those of type ${ROTARY_SCALINGS.join(', ')}.`,
    );
  }
  const most = config.integer('max_position_embeddings', 1, 2 ** 30);
  const name = 'original_max_position_embeddings';
  const original = kind === 'dynamic' ? most : (config.value(name) ?? given.value(name) ?? most);
  const fields = Object.fromEntries(given.names.map(field => [field, given.value(field) ?? undefined]));
  const scaling = parseRotaryScaling(
    new FieldReader(
      {
        ...fields,
        kind,
        factor: factorOf(kind, fields.factor, most / Number(original)),
        [name]: original,
        attention_factor: fields.attention_factor ?? magnitude(given),
      },
      path,
      field,
    ),
    inner,
  );
  return { base, scaling };
}

/** How many times longer the texts became; by its numbers of positions, where a config leaves it to them. */
function factorOf(kind: unknown, given: unknown, ratio: number): unknown {
  if (kind === 'longrope') return given ?? Math.max(1, ratio);
  return given ?? (kind === 'yarn' ? ratio : undefined);
}

/** A factor on q and k that is said by two weights of ln factor, as DeepSeek's configs do. */
function magnitude(given: FieldReader): number | undefined {
  const [factor, above, below] = ['factor', 'mscale', 'mscale_all_dim'].map(name => given.value(name));
  if (typeof factor !== 'number' || typeof above !== 'number' || typeof below !== 'number') return undefined;
  if (!above || !below) return undefined;
  const of = (weight: number) => (factor > 1 ? 0.1 * weight * Math.log(factor) + 1 : 1);
  return of(above) / of(below);
}
