import type { LevelsState } from '../../engine/protocol/index.ts';
import type { Snapshot } from '../state/store.ts';

/** What the Levels view shows of a snapshot besides updates. */
export function toLevelsState({ phase, model, run, failure }: Snapshot): LevelsState {
  return {
    phase,
    model: model && { name: model.name, blocks: model.blocks, levels: model.levels },
    run: run && {
      id: run.id,
      title: run.title,
      position: run.position,
      total: run.progress.total,
      // Known when the first pass is over: positions past it belong to later passes.
      tokens: run.position > run.tokens ? run.tokens : undefined,
      updates: run.updates,
      tokensPerSecond: run.progress.tokensPerSecond,
    },
    failure: phase === 'failed' ? failure : undefined,
  };
}
