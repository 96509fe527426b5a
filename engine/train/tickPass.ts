import { isModern, isPublicTransformer } from '../checkpoint/systems.ts';
import { type ContinuumWeights, continuumLevel } from '../model/continuumMemory.ts';
import type { FastState } from '../model/fastState.ts';
import type { BlockOutputParts } from '../model/hopeBlock.ts';
import { bindParameters, type HopeParameters } from '../model/parameters.ts';
import { continuumIntoSums, hasContinuumSum, type Tap, tapped } from '../tensor/continuumSum.ts';
import { tf } from '../tensor/tf.ts';
import { deviates, deviatingPass } from './kmPass.ts';

/** How the backward pass of a tick reaches the open sums of the CMS levels and the places of local surprise. */
export interface TickPass {
  /** What the loss is differentiated by, and which of it stands for a parameter. */
  readonly variables: readonly tf.Tensor[];
  /** @param values the variables as the differentiated function gets them */
  bind(values: readonly tf.Tensor[]): {
    readonly parameters: HopeParameters;
    /** What a block does after its memories, differentiated or observed as the pass needs it. */
    block(index: number): BlockOutputParts;
  };
  /**
   * Ends the pass: every sum has the tick. Disposes the gradients.
   * @returns ∇_y Σ losses at the memories' output and each CMS level's, [blocks × (1 + K), T, D], if asked for
   */
  finish(gradients: readonly tf.Tensor[]): tf.Tensor3D | undefined;
}

/** Takes the way that the backend has: sums written by the kernel, or gradients that are added to them. */
export function openPass(state: FastState, tokens: number, withTaps: boolean): TickPass {
  const { config } = state.base;
  if (deviates(config)) return deviatingPass(state, tokens, withTaps);
  const gelu = !isModern(config) && !isPublicTransformer(config);
  const chain = hasContinuumSum() && gelu && config.cms.form !== 'independent';
  return chain ? kernelPass(state, tokens, withTaps) : addingPass(state, tokens, withTaps);
}

function placesOf({ base: { config } }: FastState): { each: number; all: number } {
  const each = config.cms.periods.length + 1;
  return { each, all: config.blocks * each };
}

/** Kernels add gradients to the sums while they go back, from a zero at the start of all levels. */
function kernelPass(state: FastState, tokens: number, withTaps: boolean): TickPass {
  const { config } = state.base;
  const { each, all } = placesOf(state);
  const sums = state.ownedSums().blocks;
  // `tf.zeros` makes an array and copies it.
  const start = tf.fill<tf.Rank.R2>([tokens, config.width], 0);
  const taps = withTaps ? tf.fill<tf.Rank.R3>([all, tokens, config.width], 0) : undefined;
  return {
    variables: [start],
    bind: ([zero]) => ({
      parameters: state.parameters(),
      block: index => {
        const tap = (k: number): Tap | undefined => taps && { taps, place: index * each + k };
        return {
          memories: y => {
            const begun = index === 0 ? tf.add<tf.Tensor2D>(y, zero) : y;
            const at = tap(0);
            return at ? tapped(begun, at) : begun;
          },
          level: (y, of, k) => {
            const { norm, ...weights } = of as ContinuumWeights;
            const { norm: normSums, ...rest } = sums[index].cms[k] as ContinuumWeights;
            return continuumIntoSums(y, { ...norm, ...weights }, { ...normSums, ...rest }, tap(k + 1));
          },
        };
      },
    }),
    finish(gradients) {
      tf.dispose([start, [...gradients]]);
      return taps;
    },
  };
}

/** The tape gives the gradient of every CMS tensor, and of a zero added at each place of surprise. */
function addingPass(state: FastState, tokens: number, withTaps: boolean): TickPass {
  const { base } = state;
  const { each, all } = placesOf(state);
  const names = [...state.sums.keys()];
  const zeros = Array.from({ length: withTaps ? all : 0 }, () =>
    tf.zeros<tf.Rank.R2>([tokens, base.config.width]),
  );
  return {
    variables: [...names.map(name => state.tensors.get(name)!), ...zeros],
    bind: values => {
      const moving = new Map(names.map((name, i) => [name, values[i]]));
      const taps = values.slice(names.length);
      return {
        parameters: bindParameters(
          base.config,
          name => moving.get(name) ?? state.tensors.get(name) ?? base.tensors.get(name)!,
        ),
        block: index => {
          const observed = (y: tf.Tensor2D, place: number) =>
            withTaps ? tf.add<tf.Tensor2D>(y, taps[index * each + place]) : y;
          return {
            memories: y => observed(y, 0),
            level: (y, weights, k) => observed(continuumLevel(y, weights), k + 1),
          };
        },
      };
    },
    finish(gradients) {
      names.forEach((name, i) => {
        state.setSum(name, tf.keep(tf.add(state.sums.get(name)!, gradients[i])));
      });
      const taps = gradients.slice(names.length) as tf.Tensor2D[];
      const all = withTaps ? (tf.stack(taps) as tf.Tensor3D) : undefined;
      tf.dispose([zeros, [...gradients]]);
      return all;
    },
  };
}
