import type { HopeConfig } from '../checkpoint/config.ts';
import { levelHidden } from '../model/continuumMemory.ts';
import type { FastState } from '../model/fastState.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { GRAM, memoryName } from '../model/optimizerMemory.ts';
import { tf } from '../tensor/tf.ts';

/** What went into a level of a block in a tick, y [T, D]. */
export interface WatchedInput {
  readonly block: number;
  readonly level: number;
  readonly y: tf.Tensor2D;
}

/** Whether the optimizer of a CMS level needs to know what its matrices were given (Eq. 57). */
export function wantsInputs({ cms }: HopeConfig, level: number): boolean {
  return cms.optimizers?.[level]?.kind === 'delta-gradient-descent';
}

/**
 * Adds Σ_t x_t x_tᵀ over a tick's tokens to the open chunks of the matrices that want it, with the level's weights as
 * they are. Disposes what was watched.
 */
export function addInputs(state: FastState, watched: readonly WatchedInput[]): void {
  const { blocks } = watched.length ? state.parameters() : { blocks: [] };
  for (const { block, level, y } of watched) {
    const weights = blocks[block].cms[level];
    const at = `blocks.${block}.cms.${level}`;
    tf.tidy(() => {
      const normed = layerNorm(y, weights.norm);
      add(state, `${at}.expand.weight`, normed);
      if (weights.gate) add(state, `${at}.gate.weight`, normed);
      add(state, `${at}.contract.weight`, levelHidden(normed, weights));
    });
    y.dispose();
  }
}

function add(state: FastState, name: string, x: tf.Tensor2D): void {
  const at = memoryName(name, GRAM);
  const tick = tf.matMul(x, x, true, false);
  const before = state.optimizer.get(at);
  state.setOptimizer(at, tf.keep(before ? tf.add(before, tick) : tick));
}
