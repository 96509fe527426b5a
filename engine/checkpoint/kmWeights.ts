import { CheckpointError } from './checkpointError.ts';

interface Weights {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What the compiler and the data-parallel wrapper of PyTorch put before the names of a model's tensors. */
const PREFIX = /^(_orig_mod\.|module\.)+/;
const MEMORY = /^(blocks\.\d+\.selfmod\.m_(?:k|v|eta|alpha|memory))\.(w1|w2|w_skip)\.weight$/;
const PARTS: Readonly<Record<string, string>> = {
  'net.0.weight': 'norm.weight',
  'net.0.bias': 'norm.bias',
  'net.1.weight': 'expand.weight',
  'net.1.bias': 'expand.bias',
  'net.3.weight': 'contract.weight',
  'net.3.bias': 'contract.bias',
};

/**
 * The tensors of a checkpoint of the public PyTorch re-implementation under the names of a model in mode km. Its head
 * is tied to the embedding, and M_q is there but nothing reads it: both are left out.
 * @param levels names of its CMS levels, in the order of its configuration
 * @throws CheckpointError naming a tensor that a model in mode km has no place for
 */
export function kmWeights(
  tensors: ReadonlyMap<string, Weights>,
  levels: readonly string[],
  path: string,
): Map<string, Weights> {
  const named = new Map<string, Weights>();
  for (const [given, { shape, data }] of tensors) {
    const name = given.replace(PREFIX, '');
    if (name === 'lm_head.weight' || /\.selfmod\.m_q\./.test(name)) continue;
    const [, at, part] = MEMORY.exec(name) ?? [];
    if (at) {
      named.set(`${at}.${part === 'w_skip' ? 'skip' : part}`, { shape: [1, ...shape], data });
      continue;
    }
    named.set(plainName(name, levels) ?? refuse(given, path), { shape, data });
  }
  return named;
}

function plainName(name: string, levels: readonly string[]): string | undefined {
  const [, block, level, part] = /^(blocks\.\d+)\.cms\.blocks\.([^.]+)\.(net\..+)$/.exec(name) ?? [];
  if (block) {
    const k = levels.indexOf(level);
    return k >= 0 && Object.hasOwn(PARTS, part) ? `${block}.cms.${k}.${PARTS[part]}` : undefined;
  }
  const known = /^(embed\.weight|norm\.(weight|bias)|blocks\.\d+\.selfmod\.(local_conv|w_q)\.weight)$/;
  return known.test(name) ? name : undefined;
}

function refuse(name: string, path: string): never {
  const remedy = 'Mode km reads block variant hope_selfmod.';
  throw new CheckpointError(`tensor ${name} has no place in a model of mode km`, path, remedy);
}
