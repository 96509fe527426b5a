import type { FastState } from '../model/fastState.ts';
import { blockInputs, blockOutput } from '../model/hopeBlock.ts';
import { embedTokens, titansOptions, tokenLosses } from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import { recall } from '../model/memoryMlp.ts';
import { bindParameters } from '../model/parameters.ts';
import { tf } from '../tensor/tf.ts';
import type { Tick } from './tokenStream.ts';

/** What the forward and backward pass of one tick leaves behind. The caller disposes all of it. */
export interface TickForward {
  /** −log p of every target, nats, [T] */
  readonly losses: tf.Tensor1D;
  /** What the memories of each block read, [H, T, D / H]. */
  readonly memoryInputs: readonly tf.Tensor3D[];
  /** Convolution windows after the tick, a block. */
  readonly tails: readonly tf.Tensor3D[];
  /** ∂ Σ losses / ∂θ of every CMS tensor by name: the tick's part of the sum in Eq. 71. */
  readonly sums: ReadonlyMap<string, tf.Tensor>;
  /** ∇_y Σ losses at the memories' output and each CMS level's, one after the other a block; empty without taps. */
  readonly taps: readonly tf.Tensor2D[];
}

/**
 * Reads a tick with the weights at the start of the open chunks and back-propagates its summed loss exactly to
 * every CMS level of every block. What earlier ticks left (convolution windows, memories) is constant.
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
  const names = state.specs.filter(spec => spec.level.startsWith('cms.')).map(spec => spec.name);
  const outputs = config.cms.periods.length + 1;
  const zeros = Array.from({ length: withTaps ? config.blocks * outputs : 0 }, () =>
    tf.zeros<tf.Rank.R2>([inputs.length, config.width]),
  );
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const moving = new Map(names.map((name, i) => [name, values[i]]));
    const taps = values.slice(names.length) as tf.Tensor2D[];
    const parameters = bindParameters(
      config,
      name => moving.get(name) ?? state.tensors.get(name) ?? state.base.tensors.get(name)!,
    );
    let x = embedTokens(parameters, inputs);
    parameters.blocks.forEach((block, i) => {
      const read = blockInputs(x, 1, config.heads, block, state.open[i].tail, since, qkNorm);
      memoryInputs.push(tf.keep(read.memoryInput.clone()));
      tails.push(tf.keep(read.tail.clone()));
      const out = recall(block.memories.memory, read.query);
      x = blockOutput(x, out, 1, block, withTaps ? taps.slice(i * outputs, (i + 1) * outputs) : undefined);
    });
    losses = tf.keep(tokenLosses(parameters, layerNorm(x, parameters.norm), targets).clone());
    return tf.sum(losses);
  };
  const { value, grads } = tf.valueAndGrads(loss)([...names.map(name => state.tensors.get(name)!), ...zeros]);
  tf.dispose([value, zeros]);
  return {
    losses: losses!,
    memoryInputs,
    tails,
    sums: new Map(names.map((name, i) => [name, grads[i]])),
    taps: grads.slice(names.length) as tf.Tensor2D[],
  };
}
