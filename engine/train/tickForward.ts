import type { FastState, OpenChunks } from '../model/fastState.ts';
import { mergeHeads } from '../model/heads.ts';
import { type BlockInputs, blockInputs, blockOutput } from '../model/hopeBlock.ts';
import { embedTokens, readBlock, titansOptions, tokenLosses } from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import { recall } from '../model/memoryMlp.ts';
import type { MixerState } from '../model/mixer/mixer.ts';
import type { BlockParameters } from '../model/parameters.ts';
import { adaptiveQuery, type Given } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';
import { addInputs, type WatchedInput, wantsInputs } from './levelInputs.ts';
import { openPass } from './tickPass.ts';
import type { Tick } from './tokenStream.ts';

/** What the forward and backward pass of one tick leaves behind. The caller disposes all of it. */
export interface TickForward {
  /** −log p of every target, nats, [T] */
  readonly losses: tf.Tensor1D;
  /** What the memories of each block read, [H, T, D / H], and what static projections made of it. */
  readonly inputs: readonly (Given & { readonly memoryInput: tf.Tensor3D })[];
  /** What each block looks back on after the tick. */
  readonly left: readonly Pick<OpenChunks, 'tail' | 'mixer'>[];
  /** ∇_y Σ losses at the memories' output and each CMS level's, [blocks × (1 + K), T, D]. */
  readonly taps?: tf.Tensor3D;
}

/**
 * Reads a tick with the weights at the start of the open chunks, back-propagates its summed loss exactly to every
 * CMS level of every block and adds ∂ Σ losses / ∂θ to the open sums of the state (Eq. 71). What earlier ticks left
 * (convolution windows, memories) is constant.
 * @param sinceStart distance of the previous token from its document's start, updated in place, [1]
 */
export function forwardTick(
  state: FastState,
  { inputs, targets }: Tick,
  endOfText: number,
  sinceStart: Int32Array,
  withTaps: boolean,
): TickForward {
  const { config } = state.base;
  const since = tokensSinceStart(inputs, inputs.length, endOfText, sinceStart);
  const seen: (Given & { readonly memoryInput: tf.Tensor3D })[] = [];
  const left: Pick<OpenChunks, 'tail' | 'mixer'>[] = [];
  const watched: WatchedInput[] = [];
  let losses: tf.Tensor1D | undefined;
  const pass = openPass(state, inputs.length, withTaps);
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const bound = pass.bind(values);
    const { parameters } = bound;
    let x = embedTokens(parameters, inputs, since);
    parameters.blocks.forEach((block, i) => {
      const read = lookBack(x, block, state, i, since);
      if (read.memoryInput) seen.push(keepAll({ memoryInput: read.memoryInput, ...read.given }));
      left.push({ tail: keepOne(read.tail), mixer: keepAll(read.mixer ?? {}) });
      const parts = bound.block(i);
      x = blockOutput(x, read.out, block, config.cms, {
        memories: y => parts.memories(y),
        level: (y, weights, k) => {
          if (wantsInputs(config, k)) watched.push({ block: i, level: k, y: keepOne(y) });
          return parts.level(y, weights, k);
        },
      });
    });
    losses = keepOne(tokenLosses(parameters, layerNorm(x, parameters.norm), targets));
    return tf.sum(losses);
  };
  const { value, grads } = tf.valueAndGrads(loss)([...pass.variables]);
  value.dispose();
  addInputs(state, watched);
  return { losses: losses!, inputs: seen, left, taps: pass.finish(grads) };
}

/** What a block reads with the weights as they are, the memories' write left to the end of their chunk. */
function lookBack(
  x: tf.Tensor2D,
  block: BlockParameters,
  state: FastState,
  i: number,
  since: Int32Array,
): Partial<BlockInputs> & { out: tf.Tensor2D; tail: tf.Tensor3D; mixer?: MixerState } {
  const { config } = state.base;
  const { tail, mixer } = state.open[i];
  if (!block.memories) {
    const { out, state: after } = readBlock(x, 1, block, config, { mixer, tail }, since);
    return { out, tail: after.tail, mixer: after.mixer };
  }
  const options = titansOptions(config);
  const read = blockInputs(x, 1, config.heads, block, tail, since, options.qkNorm);
  const query = read.query ?? adaptiveQuery(block.memories.q!, read.memoryInput, options);
  return { ...read, out: mergeHeads(recall(block.memories.memory, query), 1) };
}

function keepOne<T extends tf.Tensor>(tensor: T): T {
  return tf.keep(tensor.clone()) as T;
}

function keepAll<T extends object>(tensors: T): T {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, keepOne(tensor)])) as T;
}
