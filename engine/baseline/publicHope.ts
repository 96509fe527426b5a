import type { Archive } from '../archive/archive.ts';
import { cmsName, orderCms } from '../archive/families.ts';
import { bareName } from '../archive/tensorNames.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { FieldReader } from '../checkpoint/fieldReader.ts';
import { attention } from './attention.ts';
import { add, columns, gelu, layerNorm, linear, map, type Rows, rows, unit } from './rows.ts';
import { Weights } from './weights.ts';

const EPSILON = 1e-5;
/** What a block does before its levels. */
const VARIANTS = { hope_selfmod: memories, hope_attention: attend, hope_hybrid: remember };

/**
 * Logits [T, V] of a public Hope in evaluation mode, in float64: every memory stays at its meta-learned state, so that of
 * the self-modifying part only q = W_q x and M_memory count. Block: `hope_selfmod`, `hope_attention` or `hope_hybrid`,
 * which attends and adds a memory; then each CMS level y + MLP(LN(y)), fast to slow.
 */
export async function publicHopeLogits(archive: Archive, ids: readonly number[]): Promise<Rows> {
  const weights = new Weights(archive, '');
  const model = weights.config.object('model');
  const variant = model.value('block_variant');
  if (typeof variant !== 'string' || !Object.hasOwn(VARIANTS, variant)) {
    throw new CheckpointError(
      `its block_variant is ${JSON.stringify(variant)}; logits are computed of ${Object.keys(VARIANTS).join(', ')}`,
      archive.path,
      'Inspect, compare and convert work on every variant.',
    );
  }
  const width = model.integer('dim', 1, 2 ** 20);
  const layers = model.integer('num_layers', 1, 4096);
  const lookBack = VARIANTS[variant as keyof typeof VARIANTS];
  const levels = orderCms([
    ...new Set(
      [...archive.tensors.keys()].map(name => cmsName(bareName(name))).filter(name => name !== undefined),
    ),
  ]);
  let x = await weights.embed('embed.weight', ids, width);
  for (let layer = 0; layer < layers; layer++) {
    const at = `blocks.${layer}`;
    x = await lookBack(x, weights, at, model);
    for (const level of levels) x = await cms(x, weights, `${at}.cms.blocks.${level}.net`);
  }
  const head = (await weights.optional('lm_head.weight')) ?? (await weights.get('embed.weight'));
  return linear(await normed(x, weights, 'norm'), head);
}

/** Causal convolution, which takes the place of x; then q + W₁ GELU(W₂ q), with q of length 1 where the model has it so. */
async function memories(x: Rows, weights: Weights, at: string, model: FieldReader): Promise<Rows> {
  const convolved = await convolve(x, weights, `${at}.selfmod.local_conv.weight`);
  const query = linear(convolved, await weights.get(`${at}.selfmod.w_q.weight`, [x.width, x.width]));
  const q = model.value('qk_l2_norm') === true ? unit(query) : query;
  const hidden = map(linear(q, await weights.get(`${at}.selfmod.m_memory.w2.weight`)), gelu);
  return add(q, linear(hidden, await weights.get(`${at}.selfmod.m_memory.w1.weight`)));
}

/** LN(x + W_o attention(conv(x))), q and k of each head with length 1 where the model has them so. */
async function attend(x: Rows, weights: Weights, at: string, model: FieldReader): Promise<Rows> {
  const { width } = x;
  const heads = model.integer('heads', 1, width);
  if (width % heads !== 0) throw model.faultOf('heads', `a divisor of dim (${width})`);
  const seen = await convolve(x, weights, `${at}.attn.local_conv.weight`);
  const all = linear(seen, await weights.get(`${at}.attn.qkv.weight`, [3 * width, width]));
  const [q, k, v] = [0, 1, 2].map(part => columns(all, part * width, (part + 1) * width));
  const placed = (each: Rows) => (model.value('qk_l2_norm') === true ? unit(each, heads) : each);
  const read = attention(placed(q), placed(k), v, heads, heads);
  const mixed = linear(read, await weights.get(`${at}.attn.out_proj.weight`, [width, width]));
  return normed(add(x, mixed), weights, `${at}.attn.norm`);
}

/** What it attended to, and what a memory of two layers answers, a + LN(W₂ GELU(W₁ a + b₁) + b₂). */
async function remember(x: Rows, weights: Weights, at: string, model: FieldReader): Promise<Rows> {
  const attended = await attend(x, weights, at, model);
  const answer = await feedForward(attended, weights, `${at}.titan_memory.net`, 0);
  return add(attended, await normed(answer, weights, `${at}.titan_memory.norm`));
}

/** A level: y + W₂ GELU(W₁ LN(y) + b₁) + b₂; where there is no norm, W₁ stands in its place or behind it. */
async function cms(y: Rows, weights: Weights, net: string): Promise<Rows> {
  const first = weights.shape(`${net}.0.weight`);
  const input = first?.length === 1 ? await normed(y, weights, `${net}.0`) : y;
  return add(y, await feedForward(input, weights, net, first?.length === 2 ? 0 : 1));
}

/** W₂ GELU(W₁ y + b₁) + b₂. @param first place of W₁ in the list; W₂ stands two behind it */
async function feedForward(y: Rows, weights: Weights, net: string, first: number): Promise<Rows> {
  const project = async (x: Rows, place: number) =>
    linear(x, await weights.get(`${net}.${place}.weight`), await weights.get(`${net}.${place}.bias`));
  return project(map(await project(y, first), gelu), first + 2);
}

async function normed(x: Rows, weights: Weights, name: string): Promise<Rows> {
  const part = (of: string) => weights.get(`${name}.${of}`, [x.width]);
  return layerNorm(x, await part('weight'), await part('bias'), EPSILON);
}

/** Each channel for itself over the last K tokens, the last tap the current one; x itself where there is none. */
async function convolve(x: Rows, weights: Weights, name: string): Promise<Rows> {
  const taps = await weights.optional(name);
  if (!taps) return x;
  const length = taps.shape[2];
  const result = rows(x.count, x.width);
  for (let t = 0; t < x.count; t++) {
    for (let channel = 0; channel < x.width; channel++) {
      let sum = 0;
      for (let k = Math.max(0, length - 1 - t); k < length; k++) {
        sum += taps.data[channel * length + k] * x.data[(t - length + 1 + k) * x.width + channel];
      }
      result.data[t * x.width + channel] = sum;
    }
  }
  return result;
}
