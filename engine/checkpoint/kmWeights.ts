import { CheckpointError } from './checkpointError.ts';

interface Weights {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Block variants of the public PyTorch re-implementation that a model of mode km can be. */
export const KM_VARIANTS = ['hope_selfmod', 'hope_attention'] as const;
export type KmVariant = (typeof KM_VARIANTS)[number];

/** What the compiler and the data-parallel wrapper of PyTorch put before the names of a model's tensors. */
const PREFIX = /^(_orig_mod\.|module\.)+/;
const MEMORY = /^(blocks\.\d+\.selfmod\.m_(?:k|v|eta|alpha|memory))\.(w1|w2|w_skip)\.weight$/;
const ATTENTION = /^(blocks\.\d+)\.attn\.(.+)$/;
const LEVEL_PARTS: Readonly<Record<string, string>> = {
  'net.0.weight': 'norm.weight',
  'net.0.bias': 'norm.bias',
  'net.1.weight': 'expand.weight',
  'net.1.bias': 'expand.bias',
  'net.3.weight': 'contract.weight',
  'net.3.bias': 'contract.bias',
};
const ATTENTION_PARTS: Readonly<Record<string, string>> = {
  'norm.weight': 'norm.weight',
  'norm.bias': 'norm.bias',
  'out_proj.weight': 'mixer.w_o.weight',
  'local_conv.weight': 'mixer.local_conv.weight',
};
const NAMES: Readonly<Record<KmVariant, RegExp>> = {
  hope_selfmod: /^(embed\.weight|norm\.(weight|bias)|blocks\.\d+\.selfmod\.(local_conv|w_q)\.weight)$/,
  hope_attention: /^(embed\.weight|norm\.(weight|bias))$/,
};

/**
 * The tensors of a checkpoint of the public PyTorch re-implementation under the names of a model in mode km. Its head
 * is tied to the embedding, and M_q is there but nothing reads it: both are left out. q, k and v of its attention are
 * one matrix [3 D, D].
 * @param levels names of its CMS levels, in the order of its configuration
 * @throws CheckpointError naming a tensor that a model in mode km has no place for
 */
export function kmWeights(
  tensors: ReadonlyMap<string, Weights>,
  variant: KmVariant,
  levels: readonly string[],
  path: string,
): Map<string, Weights> {
  const named = new Map<string, Weights>();
  for (const [given, weights] of tensors) {
    const name = given.replace(PREFIX, '');
    if (name === 'lm_head.weight' || /\.selfmod\.m_q\./.test(name)) continue;
    const placed =
      levelPart(name, levels, weights) ??
      (variant === 'hope_attention' ? attentionPart(name, weights) : memoryPart(name, weights)) ??
      (NAMES[variant].test(name) ? [[name, weights] as const] : undefined);
    if (!placed) throw refusal(given, variant, path);
    for (const [own, part] of placed) named.set(own, part);
  }
  return named;
}

type Placed = readonly (readonly [name: string, weights: Weights])[];

function levelPart(name: string, levels: readonly string[], weights: Weights): Placed | undefined {
  const [, block, level, part] = /^(blocks\.\d+)\.cms\.blocks\.([^.]+)\.(net\..+)$/.exec(name) ?? [];
  const k = block === undefined ? -1 : levels.indexOf(level);
  if (k < 0 || !Object.hasOwn(LEVEL_PARTS, part)) return undefined;
  return [[`${block}.cms.${k}.${LEVEL_PARTS[part]}`, weights]];
}

function memoryPart(name: string, { shape, data }: Weights): Placed | undefined {
  const [, at, part] = MEMORY.exec(name) ?? [];
  if (at === undefined) return undefined;
  return [[`${at}.${part === 'w_skip' ? 'skip' : part}`, { shape: [1, ...shape], data }]];
}

function attentionPart(name: string, weights: Weights): Placed | undefined {
  const [, block, part] = ATTENTION.exec(name) ?? [];
  if (block === undefined) return undefined;
  if (part === 'qkv.weight')
    return thirds(weights).map((third, i) => [`${block}.mixer.w_${'qkv'[i]}.weight`, third]);
  return Object.hasOwn(ATTENTION_PARTS, part) ? [[`${block}.${ATTENTION_PARTS[part]}`, weights]] : undefined;
}

/** The rows of a matrix in three parts, one below the other. */
function thirds({ shape: [rows, columns], data }: Weights): Weights[] {
  const size = data.length / 3;
  return [0, 1, 2].map(i => ({ shape: [rows / 3, columns], data: data.slice(i * size, (i + 1) * size) }));
}

function refusal(name: string, variant: KmVariant, path: string): CheckpointError {
  const remedy = `Mode km reads block variants ${KM_VARIANTS.join(' and ')}.`;
  return new CheckpointError(`tensor ${name} has no place in a model of mode km, ${variant}`, path, remedy);
}
