import { tf } from '../tensor/tf.ts';
import { mapMemories, type ReadingState } from './languageModel.ts';
import { mapMemory } from './memoryMlp.ts';
import { type Generated, type Memories, mapGenerated, type TitansState } from './selfModifyingTitans.ts';

type TensorMap = <T extends tf.Tensor>(tensor: T) => T;

/** The same state with every tensor replaced. */
export function mapState(state: ReadingState, map: TensorMap): ReadingState {
  return {
    blocks: state.blocks.map(({ titans, mixer, tail }) => ({
      ...(titans && { titans: mapTitans(titans, map) }),
      ...(mixer && { mixer: Object.fromEntries(Object.entries(mixer).map(([name, x]) => [name, map(x)])) }),
      tail: map(tail),
    })),
    sinceStart: state.sinceStart,
  };
}

function mapTitans(
  { memories, momenta, projectionsPending, memoryPending }: TitansState,
  map: TensorMap,
): TitansState {
  const pending = (g: Generated | undefined) => g && mapGenerated(g, map);
  const each = (of: Memories) => mapMemories(of, memory => mapMemory(memory, map));
  return {
    memories: each(memories),
    ...(momenta && { momenta: each(momenta) }),
    projectionsPending: pending(projectionsPending),
    memoryPending: pending(memoryPending),
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
