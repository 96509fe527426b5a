import { tf } from '../tensor/tf.ts';
import type { FastState, OpenChunks } from './fastState.ts';
import { mapGenerated } from './selfModifyingTitans.ts';

/**
 * A fast state at one moment, open chunks and convolution windows included. Nothing is copied: weights are replaced
 * and never written in place, so a snapshot shares with others, and with the state itself, all that did not change.
 */
export class StateSnapshot {
  private constructor(
    /** Weights by name. */
    readonly tensors: ReadonlyMap<string, tf.Tensor>,
    private readonly sums: ReadonlyMap<string, tf.Tensor>,
    private readonly optimizer: ReadonlyMap<string, tf.Tensor>,
    private readonly pending: ReadonlyMap<string, number>,
    private readonly open: readonly OpenChunks[],
    private readonly sinceStart: Int32Array,
    /** Updates since the base checkpoint. */
    readonly updates: number,
  ) {}

  static of({ tensors, sums, optimizer, pending, open, sinceStart, updates }: FastState): StateSnapshot {
    const chunks = open.map(shared);
    return new StateSnapshot(
      clones(tensors),
      clones(sums),
      clones(optimizer),
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
    state.forgetOptimizers();
    for (const [name, tensor] of this.optimizer) state.setOptimizer(name, tensor.clone());
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
    const { tensors, sums, optimizer, pending, open, sinceStart, updates } = this;
    const chunks = open.map(shared);
    const copies = [clones(tensors), clones(sums), clones(optimizer)] as const;
    return new StateSnapshot(...copies, pending, chunks, sinceStart, updates);
  }

  /** Every tensor that it keeps alive, shared ones too. */
  *all(): Generator<tf.Tensor> {
    yield* this.tensors.values();
    yield* this.sums.values();
    yield* this.optimizer.values();
    for (const { projections, memory, tail, mixer } of this.open) {
      yield* Object.values(projections) as tf.Tensor[];
      yield* Object.values(memory) as tf.Tensor[];
      yield tail;
      yield* Object.values(mixer);
    }
  }

  dispose(): void {
    for (const tensor of this.all()) tensor.dispose();
  }
}

function clones(tensors: ReadonlyMap<string, tf.Tensor>): Map<string, tf.Tensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, tf.keep(tensor.clone())]));
}

function shared({ projections, memory, tail, mixer }: OpenChunks): OpenChunks {
  const again = <T extends tf.Tensor>(tensor: T) => tf.keep(tensor.clone()) as T;
  return {
    projections: mapGenerated(projections, again),
    memory: mapGenerated(memory, again),
    tail: again(tail),
    mixer: Object.fromEntries(Object.entries(mixer).map(([name, tensor]) => [name, again(tensor)])),
  };
}

function disposeChunks({ projections, memory, tail, mixer }: OpenChunks): void {
  tf.dispose([{ ...projections }, { ...memory }, tail, { ...mixer }]);
}
