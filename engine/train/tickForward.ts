import type { FastState } from '../model/fastState.ts';
import { blockInputs, blockOutput } from '../model/hopeBlock.ts';
import { embedTokens, titansOptions, tokenLosses } from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import { recall } from '../model/memoryMlp.ts';
import { bindParameters } from '../model/parameters.ts';
import { tf } from '../tensor/tf.ts';
import { openPass } from './tickPass.ts';
import type { Tick } from './tokenStream.ts';

/** What the forward and backward pass of one tick leaves behind. The caller disposes all of it. */
export interface TickForward {
  /** −log p of every target, nats, [T] */
  readonly losses: tf.Tensor1D;
  /** What the memories of each block read, [H, T, D / H]. */
  readonly memoryInputs: readonly tf.Tensor3D[];
  /** Convolution windows after the tick, a block. */
  readonly tails: readonly tf.Tensor3D[];
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
  const { qkNorm } = titansOptions(config);
  const since = tokensSinceStart(inputs, inputs.length, endOfText, sinceStart);
  const memoryInputs: tf.Tensor3D[] = [];
  const tails: tf.Tensor3D[] = [];
  let losses: tf.Tensor1D | undefined;
  const pass = openPass(state, inputs.length, withTaps);
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const bound = pass.bind(values);
    const parameters = bindParameters(
      config,
      name => bound.parameter(name) ?? state.tensors.get(name) ?? state.base.tensors.get(name)!,
    );
    let x = embedTokens(parameters, inputs);
    parameters.blocks.forEach((block, i) => {
      const read = blockInputs(x, 1, config.heads, block, state.open[i].tail, since, qkNorm);
      memoryInputs.push(tf.keep(read.memoryInput.clone()));
      tails.push(tf.keep(read.tail.clone()));
      const out = recall(block.memories.memory, read.query);
      x = blockOutput(x, out, 1, block, bound.block(i));
    });
    losses = tf.keep(tokenLosses(parameters, layerNorm(x, parameters.norm), targets).clone());
    return tf.sum(losses);
  };
  const { value, grads } = tf.valueAndGrads(loss)([...pass.variables]);
  value.dispose();
  return {
    losses: losses!,
    memoryInputs,
    tails,
    taps: pass.finish(grads),
  };
}
