import { dampChange, scaleChange, type TensorChange, truncateChange } from '../introspect/levelMatrices.ts';
import type { FastState } from '../model/fastState.ts';
import type { StateSnapshot } from '../model/stateSnapshot.ts';
import type { BranchChange } from '../protocol/runInfo.ts';
import { tf } from '../tensor/tf.ts';
import { breathOrStop } from './breath.ts';

/** A change to the weights of one level. */
export type LevelChange = Exclude<BranchChange, { readonly kind: 'replay' }>;

/**
 * Applies a change to a level in every block, against its weights at an earlier moment. Chunks that are open stay
 * open. @throws EngineError when cancelled; the level may then be half changed.
 */
export async function changeLevel(
  state: FastState,
  before: StateSnapshot,
  change: LevelChange,
  cancelled: () => boolean,
): Promise<void> {
  for (const { name, shape, level } of state.specs) {
    if (level !== change.level) continue;
    const changed = changedTensor(change, {
      shape,
      before: (await before.tensors.get(name)!.data()) as Float32Array,
      after: (await state.tensors.get(name)!.data()) as Float32Array,
    });
    state.set(name, tf.tensor(changed, [...shape]));
    await breathOrStop(cancelled, 'The branch');
  }
}

function changedTensor(change: LevelChange, tensor: TensorChange): Float32Array {
  switch (change.kind) {
    case 'revert':
      return scaleChange(tensor, 0);
    case 'scale':
      return scaleChange(tensor, change.factor);
    case 'truncate':
      return truncateChange(tensor, change.rank);
    case 'damp':
      return dampChange(tensor, change.epsilon, change.factor);
  }
}
