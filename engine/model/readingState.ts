import { tf } from '../tensor/tf.ts';
import type { ReadingState } from './languageModel.ts';
import type { Generated, Memories } from './selfModifyingTitans.ts';

/** The same state with every tensor replaced. */
export function mapState(state: ReadingState, map: <T extends tf.Tensor>(tensor: T) => T): ReadingState {
  const generated = (g: Generated | undefined) =>
    g && { k: map(g.k), v: map(g.v), eta: map(g.eta), logAlpha: map(g.logAlpha) };
  const memories = ({ k, v, eta, alpha, memory }: Memories): Memories => {
    const both = (m: typeof k) => ({ w1: map(m.w1), w2: map(m.w2) });
    return { k: both(k), v: both(v), eta: both(eta), alpha: both(alpha), memory: both(memory) };
  };
  return {
    blocks: state.blocks.map(({ titans, tail }) => ({
      titans: {
        memories: memories(titans.memories),
        projectionsPending: generated(titans.projectionsPending),
        memoryPending: generated(titans.memoryPending),
      },
      tail: map(tail),
    })),
    sinceStart: state.sinceStart,
  };
}

/** A copy that outlives the enclosing tidy. */
export function keepState(state: ReadingState): ReadingState {
  return mapState(state, tensor => tf.keep(tensor.clone()));
}

export function disposeState(state: ReadingState): void {
  mapState(state, tensor => {
    tensor.dispose();
    return tensor;
  });
}

/** Runs `body` in a tidy and hands out a state that outlives it. */
export function tidyState(body: () => ReadingState): ReadingState {
  let kept: ReadingState | undefined;
  tf.tidy(() => {
    kept = keepState(body());
  });
  return kept!;
}
