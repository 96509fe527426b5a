import { isDeepStrictEqual } from 'node:util';
import type { TrainRequest } from '../protocol/training.ts';
import { EngineError } from './engineError.ts';
import type { OpenModel } from './openModel.ts';
import { withRun } from './runReading.ts';
import type { BranchOrigin } from './runRecorder.ts';
import type { RunStates } from './runStates.ts';

/** Where a training goes on that was cut short. */
export interface Continuation {
  readonly origin: BranchOrigin;
  /** Vocabulary ids of the text as far as they were recorded. */
  readonly ids: Int32Array;
}

/**
 * Makes the fast state that of the last update recorded in a run, open chunks included; also on another backend than
 * the run's, as long as the losses come out alike.
 * @param request what to go on with, its options complete
 * @throws EngineError on a run of another model or with other options; the fast state is then as it was.
 */
export function continueRun(
  model: OpenModel,
  states: RunStates,
  request: TrainRequest,
  path: string,
): Promise<Continuation> {
  return withRun(path, async reader => {
    const { header, updatesCount: updates } = reader;
    if (!isDeepStrictEqual({ ...header.options }, { ...request.options })) {
      throw new EngineError(
        'bad-input',
        'The run was trained with other options than those asked for now.',
        'Train again, or branch from the run.',
      );
    }
    const { snapshot } = await states.at(reader, updates);
    // What was kept on the way there would take memory from the training.
    states.forget();
    snapshot.restore(model.fast);
    snapshot.dispose();
    return {
      origin: {
        parent: { runId: header.runId, updates, change: { kind: 'replay', learningRates: {} } },
        firstTick: header.firstTick + updates,
      },
      ids: reader.tokens().ids,
    };
  });
}
