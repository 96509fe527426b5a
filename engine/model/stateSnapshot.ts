import { tf } from '../tensor/tf.ts';
import type { FastState, OpenChunks } from './fastState.ts';

/**
 * A fast state at one moment, open chunks and convolution windows included. Nothing is copied: weights are replaced
 * and never written in place, so a snapshot shares with others, and with the state itself, all that did not change.
 */
export class StateSnapshot {
  private constructor(
    /** Weights by name. */
    readonly tensors: ReadonlyMap<string, tf.Tensor>,
    private readonly sums: ReadonlyMap<string, tf.Tensor>,
    private readonly pending: ReadonlyMap<string, number>,
    private readonly open: readonly OpenChunks[],
    private readonly sinceStart: Int32Array,
    /** Updates since the base checkpoint. */
    readonly updates: number,
  ) {}

  static of({ tensors, sums, pending, open, sinceStart, updates }: FastState): StateSnapshot {
    const chunks = open.map(shared);
    return new StateSnapshot(
      clones(tensors),
      clones(sums),
      new Map(pending),
      chunks,
      sinceStart.slice(),
      updates,
    );
  }

  /** Puts this moment in place of the state's own; the snapshot can be used again. */
  restore(state: FastState): void {
    state.dropOpenChunks();
    for (const [name, tensor] of this.tensors) state.set(name, tensor.clone());
    for (const [name, tensor] of this.sums) state.setSum(name, tensor.clone());
    for (const [level, tokens] of this.pending) state.pending.set(level, tokens);
    this.open.forEach((chunks, block) => {
      disposeChunks(state.open[block]);
      state.open[block] = shared(chunks);
    });
    state.sinceStart = this.sinceStart.slice();
    state.updates = this.updates;
  }

  /** The same moment once more, to be disposed by itself. */
  copy(): StateSnapshot {
    const { tensors, sums, pending, open, sinceStart, updates } = this;
    return new StateSnapshot(clones(tensors), clones(sums), pending, open.map(shared), sinceStart, updates);
  }

  /** Every tensor that it keeps alive, shared ones too. */
  *all(): Generator<tf.Tensor> {
    yield* this.tensors.values();
    yield* this.sums.values();
    for (const { projections, memory, tail } of this.open) {
      yield* Object.values(projections) as tf.Tensor[];
      yield* Object.values(memory) as tf.Tensor[];
      yield tail;
    }
  }

  dispose(): void {
    for (const tensor of this.all()) tensor.dispose();
  }
}

function clones(tensors: ReadonlyMap<string, tf.Tensor>): Map<string, tf.Tensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, tf.keep(tensor.clone())]));
}

function shared({ projections, memory, tail }: OpenChunks): OpenChunks {
  const generated = ({ k, v, eta, logAlpha }: OpenChunks['memory']) => ({
    k: tf.keep(k.clone()),
    v: tf.keep(v.clone()),
    eta: tf.keep(eta.clone()),
    logAlpha: tf.keep(logAlpha.clone()),
  });
  return { projections: generated(projections), memory: generated(memory), tail: tf.keep(tail.clone()) };
}

function disposeChunks({ projections, memory, tail }: OpenChunks): void {
  tf.dispose([{ ...projections }, { ...memory }, tail]);
}
