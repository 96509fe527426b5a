import { type HopeConfig, tickOf } from '../checkpoint/config.ts';
import { hasDefect } from '../checkpoint/kmConfig.ts';
import { continuumLevel } from '../model/continuumMemory.ts';
import type { FastState } from '../model/fastState.ts';
import { memoryName, SIGNAL } from '../model/optimizerMemory.ts';
import { bindParameters } from '../model/parameters.ts';
import { tf } from '../tensor/tf.ts';
import type { TickPass } from './tickPass.ts';

/** Whether the levels of a model are given other signals than their own tokens' exact errors. */
export function deviates(config: HopeConfig): boolean {
  return hasDefect(config, 'misaligned-signals') || hasDefect(config, 'shared-signal');
}

/** Where a level's first signals of the open chunk are kept. */
function signalName(block: number, level: number): string {
  return memoryName(`blocks.${block}.cms.${level}.contract.bias`, SIGNAL);
}

/** The same of every level that slower ones follow, of all levels, [K, tick, D]. */
export function signalSlots({ base: { config } }: FastState): { name: string; shape: number[] }[] {
  if (!hasDefect(config, 'misaligned-signals')) return [];
  const followed = config.cms.periods.slice(0, -1);
  const shape = [config.cms.periods.length, tickOf(config), config.width];
  return Array.from({ length: config.blocks }, (_, block) =>
    followed.map((_, level) => ({ name: signalName(block, level), shape })),
  ).flat();
}

/**
 * The backward pass of the public re-implementation: every level is taken back by itself, at what it read in the tick,
 * from signals δ_k [T, D] at its output that need not be its own, Σ_t J_k(y_t)ᵀ δ_k,t. They are the exact
 * ∇_{y_k} Σ losses, or with `shared-signal` twice that of the block's output; with `misaligned-signals` a level that is
 * updated at this tick has the slower ones told again what they were told when its chunk began.
 */
export function deviatingPass(state: FastState, tokens: number, withTaps: boolean): TickPass {
  const { config } = state.base;
  const levels = config.cms.periods.length;
  const each = levels + 1;
  const zeros = Array.from({ length: config.blocks * each }, () =>
    tf.zeros<tf.Rank.R2>([tokens, config.width]),
  );
  const read: tf.Tensor2D[][] = Array.from({ length: config.blocks }, () => []);
  return {
    variables: zeros,
    bind: taps => ({
      parameters: state.parameters(),
      block: index => {
        const observed = (y: tf.Tensor2D, place: number) =>
          tf.add<tf.Tensor2D>(y, taps[index * each + place]);
        return {
          memories: y => observed(y, 0),
          level: (y, weights, k) => {
            read[index][k] = tf.keep(y.clone());
            return observed(continuumLevel(y, weights), k + 1);
          },
        };
      },
    }),
    finish(gradients) {
      const taps = gradients as tf.Tensor2D[];
      read.forEach((inputs, block) => {
        const own = taps.slice(block * each + 1, (block + 1) * each);
        tf.tidy(() => {
          const given = aligned(state, block, tokens, shared(config, own));
          for (const [k, y] of inputs.entries()) addSignal(state, block, k, y, given[k]);
        });
      });
      const all = withTaps ? (tf.stack(taps) as tf.Tensor3D) : undefined;
      tf.dispose([zeros, read, [...gradients]]);
      return all;
    },
  };
}

/** What every level is told. @param own ∇ at the levels' outputs */
function shared(config: HopeConfig, own: readonly tf.Tensor2D[]): readonly tf.Tensor2D[] {
  if (!hasDefect(config, 'shared-signal')) return own;
  const last = own[config.cms.order === 'slow-first' ? 0 : own.length - 1];
  const twice = tf.mul<tf.Tensor2D>(last, tf.scalar(2));
  return own.map(() => twice);
}

/**
 * What every level gets of it: after one that is updated at this tick, what the slower ones were told when its chunk
 * began.
 */
function aligned(
  state: FastState,
  block: number,
  tokens: number,
  told: readonly tf.Tensor2D[],
): readonly tf.Tensor2D[] {
  const { config } = state.base;
  if (!hasDefect(config, 'misaligned-signals')) return told;
  let all = tf.stack([...told]) as tf.Tensor3D;
  return told.map((_, k) => {
    const given = tf.reshape<tf.Rank.R2>(tf.slice(all, [k, 0, 0], [1, -1, -1]), [tokens, config.width]);
    if (k === told.length - 1) return given;
    const at = signalName(block, k);
    if (!state.optimizer.has(at)) state.setOptimizer(at, tf.keep(lengthened(all, tickOf(config))));
    const full = (state.pending.get(`cms.${k}`) ?? 0) + tokens >= config.cms.periods[k];
    if (full) all = lengthened(state.optimizer.get(at) as tf.Tensor3D, tokens);
    return given;
  });
}

/** Signals of as many tokens, zero where there were fewer. @param x [K, T, D] */
function lengthened(x: tf.Tensor3D, tokens: number): tf.Tensor3D {
  const [levels, given, width] = x.shape;
  const kept = Math.min(given, tokens);
  return tf.pad(tf.slice(x, [0, 0, 0], [levels, kept, width]), [
    [0, 0],
    [0, tokens - kept],
    [0, 0],
  ]);
}

/** Adds Σ_t J_k(y_t)ᵀ δ_t to the open sums of a level. */
function addSignal(state: FastState, block: number, k: number, y: tf.Tensor2D, signal: tf.Tensor2D): void {
  const names = [...state.sums.keys()].filter(name => name.startsWith(`blocks.${block}.cms.${k}.`));
  const answered = (...values: tf.Tensor[]) => {
    const moving = new Map(names.map((name, i) => [name, values[i]]));
    const take = (name: string) =>
      moving.get(name) ?? state.tensors.get(name) ?? state.base.tensors.get(name)!;
    const { cms } = bindParameters(state.base.config, take).blocks[block];
    return tf.sum(tf.mul(continuumLevel(y, cms[k]), signal)) as tf.Scalar;
  };
  const gradients = tf.grads(answered)(names.map(name => state.tensors.get(name)!));
  names.forEach((name, i) => {
    state.setSum(name, tf.keep(tf.add(state.sums.get(name)!, gradients[i])));
  });
}
