import type { HopeConfig } from '../checkpoint/config.ts';
import { levelHidden } from '../model/continuumMemory.ts';
import type { FastState } from '../model/fastState.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { CONTEXT, GRAM, memoryName } from '../model/optimizerMemory.ts';
import type { BlockParameters } from '../model/parameters.ts';
import { tf } from '../tensor/tf.ts';

/** What went into a level of a block in a tick, y [T, D]. */
export interface WatchedInput {
  readonly block: number;
  readonly level: number;
  readonly y: tf.Tensor2D;
}

/** What the optimizer of a CMS level needs to know of what the level was given, beside its error. */
function wanted({ cms }: HopeConfig, level: number): typeof GRAM | typeof CONTEXT | undefined {
  const kind = cms.optimizers?.[level]?.kind;
  if (kind === 'delta-gradient-descent') return GRAM;
  return kind === 'projected-momentum' ? CONTEXT : undefined;
}

export function wantsInputs(config: HopeConfig, level: number): boolean {
  return wanted(config, level) !== undefined;
}

/**
 * Adds a tick's tokens to what the open chunks of the levels hold of their inputs: Σ_t x_t x_tᵀ a matrix (Eq. 57), with
 * the level's weights as they are, or Σ_t y_t. Disposes what was watched.
 */
export function addInputs(state: FastState, watched: readonly WatchedInput[]): void {
  const { blocks } = watched.length ? state.parameters() : { blocks: [] };
  for (const { block, level, y } of watched) {
    tf.tidy(() => {
      if (wanted(state.base.config, level) === CONTEXT) addContext(state, block, level, y);
      else addGrams(state, `blocks.${block}.cms.${level}`, y, blocks[block].cms[level]);
    });
    y.dispose();
  }
}

function addContext(state: FastState, block: number, level: number, y: tf.Tensor2D): void {
  const sum = tf.sum(y, 0);
  for (const spec of state.specs) {
    const reads = spec.shape.at(-1) === state.base.config.width;
    if (spec.block === block && spec.level === `cms.${level}` && reads) add(state, spec.name, CONTEXT, sum);
  }
}

function addGrams(
  state: FastState,
  at: string,
  y: tf.Tensor2D,
  weights: BlockParameters['cms'][number],
): void {
  const addGram = (name: string, x: tf.Tensor2D) =>
    add(state, `${at}.${name}.weight`, GRAM, tf.matMul(x, x, true, false));
  const normed = layerNorm(y, weights.norm);
  addGram('expand', normed);
  if (weights.gate) addGram('gate', normed);
  addGram('contract', levelHidden(normed, weights));
}

function add(state: FastState, name: string, memory: string, tick: tf.Tensor): void {
  const at = memoryName(name, memory);
  const before = state.optimizer.get(at);
  state.setOptimizer(at, tf.keep(before ? tf.add(before, tick) : tick.clone()));
}
