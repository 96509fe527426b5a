import * as vscode from 'vscode';
import { type ModelInfo, ownLevels } from '../../engine/protocol/index.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import { isProblem, problemText, readTrainSettings, type TrainSettings } from '../settings/trainSettings.ts';
import type { Store } from '../state/store.ts';
import { nameOf, openText } from '../training/documents.ts';
import { grouped } from '../training/figures.ts';
import { newRunId, runFile } from '../training/newRun.ts';
import { parseProbe } from '../training/probeText.ts';
import type { Trainer } from '../training/trainer.ts';
import { refusal } from '../training/trainInput.ts';
import { EngineStepper } from './engineStepper.ts';
import type { LaunchArguments } from './launchArguments.ts';
import { launchText } from './launchText.ts';
import { programPath, programUri } from './program.ts';
import { SteppedHistory } from './steppedHistory.ts';
import type { Stepper, Stopping } from './stepper.ts';
import { StepViews } from './stepViews.ts';

/** What debugging a training needs of the extension. */
export interface DebugParts {
  readonly context: vscode.ExtensionContext;
  readonly store: Store;
  readonly engine: EngineHost;
  readonly trainer: Trainer;
}

/** Opens the stepped trainings of debug sessions, one at a time, and shows them in every view. */
export class DebugTrainings {
  readonly #parts: DebugParts;

  constructor(parts: DebugParts) {
    this.#parts = parts;
  }

  /** @throws Error with a sentence for the user */
  async open(launch: LaunchArguments, session: vscode.DebugSession, stopping: Stopping): Promise<Stepper> {
    const { trainer } = this.#parts;
    const uri = programUri(launch.program, session.workspaceFolder);
    const stop = () => void vscode.debug.stopDebugging(session);
    const hold = trainer.hold(nameOf(uri), stop);
    if (!hold) throw new Error(trainer.secondRefusal);
    try {
      return await this.#open(launch, uri, hold, stopping);
    } catch (error) {
      hold.dispose();
      throw error;
    }
  }

  async #open(
    launch: LaunchArguments,
    uri: vscode.Uri,
    hold: vscode.Disposable,
    stopping: Stopping,
  ): Promise<Stepper> {
    const { context, store, engine } = this.#parts;
    const document = await openText(uri);
    const [text, name] = [document.getText(), nameOf(uri)];
    const source = { uri: document.uri.toString(), version: document.version, name, text };
    const input = launchText(source, launch.ranges);
    const refused = refusal(input);
    if (refused) throw new Error(refused);
    const probes = [...store.snapshot.probes.map(({ probe }) => probe), ...launchProbes(launch)];
    const model = await engine.model();
    const { confirmAboveBytes: _, probeInterval, storageBudget, ...options } = settings(launch, uri, model);
    if (stopping.isCancellationRequested) throw new Error('Cancelled.');
    const before = store.snapshot;
    const { blocks, levels } = model;
    const id = newRunId();
    const history = new SteppedHistory(store, { id, title: input.title, text: input.source, blocks, levels });
    const views = new StepViews(store, engine, document);
    const runPath = await runFile(context, id);
    history.begin();
    let closed = false;
    try {
      const stepper = await EngineStepper.open(engine, {
        request: {
          ...{ runId: id, runPath, text: input.text, title: input.title },
          ...{ options, probeInterval, storageBudget, probes },
        },
        source: { path: programPath(uri), name },
        ...{ text: input.source, document: text, model },
        watcher: {
          tokens: spans => history.tokens(spans),
          moved: async moved => {
            await history.follow(moved);
            views.moved();
          },
          closed: ended => {
            closed = true;
            failing.dispose();
            views.dispose();
            hold.dispose();
            const { phase } = store.snapshot;
            if (phase === 'running') store.update({ phase: ended.ended ? 'finished' : 'cancelled' });
            store.update({ stepping: false });
          },
          outdated: () => document.isClosed || document.version !== source.version,
        },
      });
      const failing = engine.onDidStop(cause => {
        const kept = `The run keeps ${grouped(stepper.recorded)} updates.`;
        const failure = { headline: 'The engine stopped while a training was stepped through', detail: kept };
        if (!closed) store.update({ phase: 'failed', failure });
        stepper.fail(cause);
      });
      await history.follow(stepper);
      views.open(stepper);
      return stepper;
    } catch (error) {
      views.dispose();
      const { phase, run, failure } = before;
      store.update({ phase, run, failure, stepping: false });
      throw error;
    }
  }
}

function launchProbes({ probes }: LaunchArguments) {
  return probes.map(text => {
    const probe = parseProbe(text);
    if (typeof probe !== 'string') return probe;
    throw new Error(`The probe “${text}” in the launch configuration cannot be read. ${probe}`);
  });
}

/** Settings of the training; what the launch configuration names goes first. */
function settings(launch: LaunchArguments, uri: vscode.Uri, model: ModelInfo): TrainSettings {
  const configuration = vscode.workspace.getConfiguration('hopescope', uri);
  const named: Record<string, unknown> = {
    'train.epochs': launch.epochs,
    'train.learningRates': launch.learningRates,
    'train.partialChunk': launch.partialChunk,
  };
  const levels = ownLevels(model.levels).map(({ id }) => id);
  const read = readTrainSettings(name => named[name] ?? configuration.get(name), levels);
  if (!isProblem(read)) return read;
  if (named[read.setting.replace('hopescope.', '')] === undefined) throw new Error(problemText(read));
  const name = read.setting.slice(read.setting.lastIndexOf('.') + 1);
  throw new Error(`“${name}” in the launch configuration is ${read.value} but must be ${read.allowed}.`);
}
