import type { RecoverResult } from '../protocol/requests.ts';
import type { OpenModel } from './openModel.ts';
import { withRun } from './runReading.ts';
import type { RunStates } from './runStates.ts';

/**
 * The fast state as of the last update recorded in a run file, without its open chunks: what a training leaves behind.
 * Also on another backend than the run's, as long as the losses come out alike.
 * @throws EngineError when the run belongs to another model or recomputing gives other losses.
 */
export function recoverRun(model: OpenModel, states: RunStates, runPath: string): Promise<RecoverResult> {
  return withRun(runPath, async reader => {
    const { snapshot, recomputed } = await states.at(reader, reader.updatesCount);
    states.forget();
    snapshot.restore(model.fast);
    snapshot.dispose();
    model.fast.dropOpenChunks();
    return { updates: model.fast.updates, recomputed };
  });
}
