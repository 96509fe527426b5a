import { StateSnapshot } from '../model/stateSnapshot.ts';
import { ownLevels } from '../protocol/level.ts';
import type { BranchChange } from '../protocol/runInfo.ts';
import type { TrainOptions, TrainProgress } from '../protocol/training.ts';
import { changeProblem, type RunReader } from '../run/index.ts';
import { breath } from './breath.ts';
import { changeLevel } from './changeLevel.ts';
import { EngineError } from './engineError.ts';
import type { OpenModel } from './openModel.ts';
import { Pace } from './pace.ts';
import { RecordedTraining } from './recordedTraining.ts';
import { type RecordingSetup, RunRecorder } from './runRecorder.ts';
import { type RunStates, ticksOf } from './runStates.ts';

export interface BranchRequest {
  /** Updates of the parent after which the branch begins. */
  readonly updates: number;
  readonly change: BranchChange;
  readonly runId: string;
  readonly runPath: string;
  readonly title: string;
}

export interface BranchHooks {
  cancelled(): boolean;
  onProgress(progress: TrainProgress): void;
}

/**
 * Trains a new run from a moment of another one, changed, to the end of its text; scores the parent's probes before,
 * on the way as the parent did, and after. The model's fast state is then the branch's last. Until the new run file
 * is begun, a refusal or a cancellation leaves the fast state as it was.
 */
export async function trainBranch(
  model: OpenModel,
  states: RunStates,
  parent: RunReader,
  request: BranchRequest,
  setup: RecordingSetup,
  hooks: BranchHooks,
): Promise<void> {
  const { header } = parent;
  const { change, updates, runId, runPath, title } = request;
  states.refuseUnavailable(parent);
  const problem = changeProblem(
    change,
    ownLevels(header.levels).map(level => level.id),
    updates,
  );
  if (problem) throw new EngineError('bad-input', problem, 'Change it, then branch again.');
  const firstTick = header.firstTick + updates;
  const recorded = {
    ...{ runId, title, probeInterval: header.probeInterval, storageBudget: header.storageBudget },
    options: optionsOf(header.options, change),
    probes: parent.details().probes.map(({ prompt, answer }) => ({ prompt, answer })),
  };
  const origin = { parent: { runId: header.runId, updates, change }, firstTick };
  const held = StateSnapshot.of(model.fast);
  let training: RecordedTraining;
  try {
    await begin(model, states, parent, request, hooks.cancelled);
    training = await RecordedTraining.begin(model, recorded, () =>
      RunRecorder.create(model, runPath, recorded, setup, origin),
    );
  } catch (error) {
    held.restore(model.fast);
    throw error;
  } finally {
    held.dispose();
  }
  try {
    await train(training, parent, model, firstTick, hooks);
  } catch (error) {
    throw training.fail(error);
  } finally {
    model.fast.dropOpenChunks();
    training.dispose();
  }
}

/** A replay's rates are in place of the recorded ones, also where a level had been frozen. */
function optionsOf(options: TrainOptions, change: BranchChange): TrainOptions {
  if (change.kind !== 'replay') return options;
  return { ...options, learningRates: { ...options.learningRates, ...change.learningRates } };
}

/** Makes the fast state what the branch begins with. */
async function begin(
  { fast }: OpenModel,
  states: RunStates,
  parent: RunReader,
  { updates, change }: BranchRequest,
  cancelled: () => boolean,
): Promise<void> {
  const { snapshot } = await states.at(parent, updates, cancelled);
  snapshot.restore(fast);
  snapshot.dispose();
  if (change.kind === 'replay') return;
  const { snapshot: before } = await states.at(parent, change.from, cancelled);
  try {
    await changeLevel(fast, before, change, cancelled);
  } finally {
    before.dispose();
  }
}

async function train(
  training: RecordedTraining,
  parent: RunReader,
  model: OpenModel,
  firstTick: number,
  { cancelled, onProgress }: BranchHooks,
): Promise<void> {
  const { ids, starts, ends } = parent.tokens();
  training.tokens(0, ids, starts, ends);
  const ticks = ticksOf(parent, model);
  const start = firstTick < ticks.count ? ticks.at(firstTick).position : ticks.positions;
  const pace = new Pace(start);
  for (let index = firstTick; index < ticks.count; index++) {
    if (cancelled()) {
      await training.finish('cancelled', ids.length);
      return;
    }
    await training.step(ticks.at(index), ids.length);
    if (pace.due()) onProgress(pace.report(start + training.positions, ticks.positions));
    await breath();
  }
  await training.finish('finished', ids.length);
}
