import { ProgressType, RequestType } from 'vscode-jsonrpc';
import type { AbsorptionReport, AbsorptionRequest } from './absorption.ts';
import type { Forgetting, InterferenceReport, InterferenceRequest } from './forgetting.ts';
import type { Frame } from './frame.ts';
import type { EngineErrorData } from './requests.ts';
import type { BranchChange, RunInfo } from './runInfo.ts';
import type { RunOverview } from './runOverview.ts';
import type { DeltaSpectrum, SpectrumRequest, WriteParts, WritePartsRequest } from './spectrum.ts';
import type { TrainRequest } from './training.ts';

/** Every request names the run by its file. None needs a loaded model but where it says so. */
export const DescribeRun = new RequestType<{ path: string }, RunInfo, EngineErrorData>('run/describe');
/** Recorded updates `first` to `first + count − 1`, fewer at the end of the run. */
export const ReadUpdates = new RequestType<
  { path: string; first: number; count: number },
  Frame,
  EngineErrorData
>('run/updates');
/** The positions `from` to `to` condensed to `columns` columns of equal width. Cancellable. */
export const ReadOverview = new RequestType<
  { path: string; from: number; to: number; columns: number },
  RunOverview,
  EngineErrorData
>('run/overview');
/** Tokens of the text by index, as text; '\uFFFD' stands for a part of a character. */
export const ReadTokens = new RequestType<
  { path: string; first: number; count: number },
  { first: number; texts: string[]; starts: Uint32Array; ends: Uint32Array },
  EngineErrorData
>('run/tokens');
/** Sets, changes or (note undefined) removes the bookmark after this many updates. */
export const Annotate = new RequestType<
  { path: string; updates: number; note?: string },
  RunInfo,
  EngineErrorData
>('run/annotate');
/**
 * Makes the fast state of the loaded model, open chunks included, what it was after this many updates. Probes and
 * tensor norms are then of that moment. Needs the run's model. Cancellable.
 */
export const SeekRun = new RequestType<
  { path: string; updates: number },
  { updates: number; position: number; recomputed: number; seconds: number },
  EngineErrorData
>('run/seek');
export interface BranchRequest {
  readonly path: string;
  readonly updates: number;
  readonly change: BranchChange;
  readonly runId: string;
  readonly runPath: string;
  readonly title: string;
}
/** A new run from any update of this one, trained to its end. Needs the model. Cancellable; progress by its run id. */
export const Branch = new RequestType<BranchRequest, RunInfo, EngineErrorData>('run/branch');
/** Spectrum of what a level's matrices changed between two states. Needs the model. Cancellable. */
export const ReadSpectrum = new RequestType<SpectrumRequest, DeltaSpectrum, EngineErrorData>('run/spectrum');
/** Decay, erase and write of one update of `memory` or `projections`. Needs the model. */
export const ReadWriteParts = new RequestType<WritePartsRequest, WriteParts, EngineErrorData>(
  'run/writeParts',
);
/** Which level's change a fact's gain is owed to. Needs the model. Cancellable; progress by `token`. */
export const Absorb = new RequestType<AbsorptionRequest, AbsorptionReport, EngineErrorData>('run/absorb');
export const AbsorbProgress = new ProgressType<{ done: number; total: number }>();
/** What a change does to facts, predicted a level and measured. Needs the model. Cancellable. */
export const ReadInterference = new RequestType<InterferenceRequest, InterferenceReport, EngineErrorData>(
  'run/interference',
);
/**
 * Forgetting among the probes recorded in a run, or in runs that followed one another on one memory (the probes that
 * all of them scored, in the order of the first). Needs no model.
 */
export const ReadForgetting = new RequestType<{ paths: readonly string[] }, Forgetting, EngineErrorData>(
  'run/forgetting',
);

/**
 * Opens a training that goes only when told to: its run file is begun, nothing is trained yet. Until it is closed
 * the engine refuses other trainings, and answers probes and tensor norms for the state at the cursor.
 */
export const OpenStepper = new RequestType<TrainRequest, RunInfo, EngineErrorData>('stepper/open');
/**
 * Moves the cursor to the state after `updates` updates: recorded ones are restored, further ones are trained and
 * recorded, at most to the end of the text. Answers the updates in between that were trained or recomputed.
 */
export const StepTo = new RequestType<
  { runId: string; updates: number },
  { updates: number; position: number; ended: boolean; frame: Frame },
  EngineErrorData
>('stepper/to');
/** Ends a stepped training where its cursor is; later updates stay in the run file. */
export const CloseStepper = new RequestType<{ runId: string }, RunInfo, EngineErrorData>('stepper/close');
