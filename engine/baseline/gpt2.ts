import type { Archive } from '../archive/archive.ts';
import { attention } from './attention.ts';
import { add, geluTanh, layerNorm, linear, map, type Rows, rows } from './rows.ts';
import { Weights } from './weights.ts';

/** Logits [T, V] of a GPT-2 as Hugging Face writes it, in float64, a layer in memory at a time. */
export async function gpt2Logits(archive: Archive, ids: readonly number[]): Promise<Rows> {
  const weights = new Weights(archive, 'transformer.');
  const { config } = weights;
  const width = config.integer('n_embd', 1, 2 ** 20);
  const layers = config.integer('n_layer', 1, 4096);
  const heads = config.integer('n_head', 1, 4096);
  const epsilon = config.positive('layer_norm_epsilon');
  config.constant('activation_function', 'gelu_new');
  if (width % heads !== 0) throw config.faultOf('n_head', `a divisor of n_embd (${width})`);
  if (config.value('scale_attn_by_inverse_layer_idx') === true) {
    throw config.faultOf('scale_attn_by_inverse_layer_idx', 'false, the other is not computed');
  }
  const norm = async (x: Rows, name: string) =>
    layerNorm(
      x,
      await weights.get(`${name}.weight`, [width]),
      await weights.get(`${name}.bias`, [width]),
      epsilon,
    );
  // These weights are [in, out].
  const project = async (x: Rows, name: string) =>
    linear(x, await weights.get(`${name}.weight`), await weights.get(`${name}.bias`), true);
  const positions = ids.map((_, t) => t);
  let x = add(
    await weights.embed('wte.weight', ids, width),
    await weights.embed('wpe.weight', positions, width),
  );
  for (let layer = 0; layer < layers; layer++) {
    const at = `h.${layer}`;
    const [q, k, v] = thirds(await project(await norm(x, `${at}.ln_1`), `${at}.attn.c_attn`), width);
    x = add(x, await project(attention(q, k, v, heads, heads), `${at}.attn.c_proj`));
    const inner = map(await project(await norm(x, `${at}.ln_2`), `${at}.mlp.c_fc`), geluTanh);
    x = add(x, await project(inner, `${at}.mlp.c_proj`));
  }
  const head = (await weights.optional('lm_head.weight')) ?? (await weights.get('wte.weight'));
  return linear(await norm(x, 'ln_f'), head);
}

/** Queries, keys and values of [T, 3 D]. */
function thirds(x: Rows, width: number): [Rows, Rows, Rows] {
  const part = (index: number) => {
    const result = rows(x.count, width);
    for (let t = 0; t < x.count; t++) {
      const start = t * x.width + index * width;
      result.data.set(x.data.subarray(start, start + width), t * width);
    }
    return result;
  };
  return [part(0), part(1), part(2)];
}
