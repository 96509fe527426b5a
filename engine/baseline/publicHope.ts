import type { Archive } from '../archive/archive.ts';
import { cmsName, orderCms } from '../archive/families.ts';
import { bareName } from '../archive/tensorNames.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { add, gelu, layerNorm, linear, map, type Rows, rows, unit } from './rows.ts';
import { Weights } from './weights.ts';

const EPSILON = 1e-5;

/**
 * Logits [T, V] of a public Hope (`hope_selfmod`) in evaluation mode, in float64: every memory stays at its meta-learned
 * state, so that of the self-modifying part only q = W_q x and M_memory count. Block: causal convolution, which takes
 * the place of x; o = q + W₁ GELU(W₂ q) with q of length 1; then each CMS level y + MLP(LN(y)), fast to slow.
 */
export async function publicHopeLogits(archive: Archive, ids: readonly number[]): Promise<Rows> {
  const weights = new Weights(archive, '');
  const model = weights.config.object('model');
  const variant = model.value('block_variant');
  if (variant !== 'hope_selfmod') {
    throw new CheckpointError(
      `its block_variant is ${JSON.stringify(variant)}; logits are computed of hope_selfmod`,
      archive.path,
      'Inspect, compare and convert work on every variant.',
    );
  }
  const width = model.integer('dim', 1, 2 ** 20);
  const layers = model.integer('num_layers', 1, 4096);
  const normalized = model.value('qk_l2_norm') === true;
  const levels = orderCms([
    ...new Set(
      [...archive.tensors.keys()].map(name => cmsName(bareName(name))).filter(name => name !== undefined),
    ),
  ]);
  const norm = async (x: Rows, name: string) =>
    layerNorm(
      x,
      await weights.get(`${name}.weight`, [width]),
      await weights.get(`${name}.bias`, [width]),
      EPSILON,
    );
  let x = await weights.embed('embed.weight', ids, width);
  for (let layer = 0; layer < layers; layer++) {
    const at = `blocks.${layer}`;
    const convolved = await convolve(x, weights, `${at}.selfmod.local_conv.weight`);
    const query = linear(convolved, await weights.get(`${at}.selfmod.w_q.weight`, [width, width]));
    const q = normalized ? unit(query) : query;
    const hidden = map(linear(q, await weights.get(`${at}.selfmod.m_memory.w2.weight`)), gelu);
    x = add(q, linear(hidden, await weights.get(`${at}.selfmod.m_memory.w1.weight`)));
    for (const level of levels) x = await cms(x, weights, `${at}.cms.blocks.${level}.net`, norm);
  }
  const head = (await weights.optional('lm_head.weight')) ?? (await weights.get('embed.weight'));
  return linear(await norm(x, 'norm'), head);
}

/** A level: y + W₂ GELU(W₁ LN(y) + b₁) + b₂. Without a norm the first weight of the list is W₁. */
async function cms(
  y: Rows,
  weights: Weights,
  net: string,
  norm: (x: Rows, name: string) => Promise<Rows>,
): Promise<Rows> {
  const first = weights.shape(`${net}.0.weight`)?.length === 1 ? 1 : 0;
  const input = first ? await norm(y, `${net}.0`) : y;
  const project = async (x: Rows, index: number) =>
    linear(x, await weights.get(`${net}.${index}.weight`), await weights.get(`${net}.${index}.bias`));
  return add(y, await project(map(await project(input, first), gelu), first + 2));
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
