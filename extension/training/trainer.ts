import * as vscode from 'vscode';
import { decodeFrame, type ModelInfo, ownLevels, type TrainResult } from '../../engine/protocol/index.ts';
import { EngineFailure, failureText } from '../engine/engineFailure.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import { trainSettings } from '../settings/configuration.ts';
import type { TrainSettings } from '../settings/trainSettings.ts';
import { RunHistory } from '../state/runHistory.ts';
import type { Snapshot, Store } from '../state/store.ts';
import { type Progress, withLateProgress } from './lateProgress.ts';
import { newRunId, runFile } from './newRun.ts';
import { progressText, resultText, sizeQuestion, stoppedText } from './resultText.ts';
import { refusal, type TrainInput } from './trainInput.ts';

/** What a training needs to be gone on with. */
interface Lost {
  readonly input: TrainInput;
  readonly settings: TrainSettings;
  readonly run: RunHistory;
  /** Its run file. */
  readonly path: string;
}

/** Trains on one text at a time and tells the user how it went. */
export class Trainer {
  readonly #context: vscode.ExtensionContext;
  readonly #store: Store;
  readonly #engine: EngineHost;
  readonly #log: vscode.LogOutputChannel;
  #current?: { readonly title: string; readonly source: vscode.CancellationTokenSource };
  #last?: TrainInput;
  /** Whether the last training ended with its engine. */
  #stopped = false;
  /** What can then be gone on with, if it came so far. */
  #lost?: Lost;
  #speed?: { readonly tokensPerSecond: number; readonly bytesPerToken: number };

  constructor(
    context: vscode.ExtensionContext,
    store: Store,
    engine: EngineHost,
    log: vscode.LogOutputChannel,
  ) {
    this.#context = context;
    this.#store = store;
    this.#engine = engine;
    this.#log = log;
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** Updates of the last training, if it ended with its engine. */
  get lostUpdates(): number | undefined {
    return this.#stopped ? (this.#lost?.run.updates ?? 0) : undefined;
  }

  /** Checks the text and the settings, asks before a long one, trains, and shows the result. */
  train(input: TrainInput): Promise<void> {
    return this.#train(input);
  }

  /** Goes on with the training that ended with its engine, after its last recorded update. */
  async continue(): Promise<void> {
    if (this.#lost) await this.#train(this.#lost.input, this.#lost);
  }

  async #train(input: TrainInput, lost?: Lost): Promise<void> {
    if (this.#current) return this.refuseSecond();
    const refused = refusal(input);
    if (refused) return void vscode.window.showWarningMessage(refused);
    const source = new vscode.CancellationTokenSource();
    this.#current = { title: input.title, source };
    try {
      const bytes = Buffer.byteLength(input.text);
      const settings = trainSettings(vscode.Uri.parse(input.source.documentUri));
      if (!settings || (!lost && !(await this.#confirmed(input.title, bytes, settings)))) return;
      this.#last = input;
      this.#stopped = false;
      this.#lost = undefined;
      await withLateProgress(
        lost ? `Going on with training on ${input.title}` : `Training on ${input.title}`,
        progress => this.#run(input, bytes, progress, source.token, lost),
        () => source.cancel(),
      );
    } finally {
      this.#current = undefined;
      source.dispose();
    }
  }

  /** Trains once more on the text of the last training. */
  async again(): Promise<void> {
    if (this.#last) await this.train(this.#last);
  }

  /** Stops the training after the tick in flight. @returns false when none runs */
  stop(): boolean {
    this.#current?.source.cancel();
    return this.#current !== undefined;
  }

  /**
   * Keeps other trainings out while one is stepped through.
   * @param stop ends it @returns what lets others in again; undefined while another training runs
   */
  hold(title: string, stop: () => void): vscode.Disposable | undefined {
    if (this.#current) return undefined;
    const source = new vscode.CancellationTokenSource();
    const current = { title, source };
    source.token.onCancellationRequested(stop);
    this.#current = current;
    return new vscode.Disposable(() => {
      if (this.#current === current) this.#current = undefined;
      source.dispose();
    });
  }

  /** Why nothing can be trained now, in words; undefined when it can. */
  get secondRefusal(): string | undefined {
    return (
      this.#current &&
      `Hopescope is training on ${this.#current.title}. One training runs at a time; nothing was started.`
    );
  }

  /** Says in words that one training runs at a time, and offers to stop it. */
  async refuseSecond(): Promise<void> {
    if (!this.#current) return;
    const { source } = this.#current;
    const stop = 'Stop Current';
    if (
      (await vscode.window.showWarningMessage(this.secondRefusal ?? '', stop)) === stop &&
      this.#current?.source === source
    ) {
      source.cancel();
    }
  }

  async #confirmed(title: string, bytes: number, settings: TrainSettings): Promise<boolean> {
    if (bytes <= settings.confirmAboveBytes) return true;
    const train = 'Train';
    const detail = sizeQuestion(bytes, settings.epochs, this.#speed);
    const question = `Train on ${title}?`;
    return (await vscode.window.showWarningMessage(question, { modal: true, detail }, train)) === train;
  }

  async #run(
    input: TrainInput,
    bytes: number,
    progress: Progress,
    token: vscode.CancellationToken,
    lost?: Lost,
  ): Promise<void> {
    let before: Snapshot | undefined;
    let run: RunHistory | undefined;
    let begun: Lost | undefined;
    try {
      progress.report({ message: 'loading the model…' });
      const model = await this.#engine.model(token);
      const settings =
        lost?.settings ??
        trainSettings(
          vscode.Uri.parse(input.source.documentUri),
          ownLevels(model.levels).map(level => level.id),
        );
      if (!settings || token.isCancellationRequested) return;
      before = this.#store.snapshot;
      run = this.#begin(input, model, lost?.run);
      const path = await runFile(this.#context, run.id);
      begun = { input, settings, run, path };
      const result = await this.#request(begun, progress, token, lost?.path);
      this.#speed = {
        tokensPerSecond: result.positions / result.seconds,
        bytesPerToken: bytes / result.tokens,
      };
      this.#finish(run, result);
    } catch (error) {
      this.#fail(error, run, before);
      if (!(error instanceof EngineFailure && error.code === 'stopped')) return;
      this.#stopped = true;
      // One that went on and had no update yet is gone on with from where the first was cut short.
      this.#lost = begun && begun.run.updates > 0 ? begun : lost;
    }
  }

  #begin(input: TrainInput, model: ModelInfo, lost?: RunHistory): RunHistory {
    const id = newRunId();
    const { title, source: text } = input;
    const run =
      lost?.continued(id) ?? new RunHistory({ id, title, text, blocks: model.blocks, levels: model.levels });
    this.#store.begin(run);
    return run;
  }

  async #request(
    { run, input, settings, path }: Lost,
    progress: Progress,
    token: vscode.CancellationToken,
    continues?: string,
  ): Promise<TrainResult> {
    const { confirmAboveBytes: _, probeInterval, storageBudget, ...options } = settings;
    let shown = 0;
    return this.#engine.train(
      {
        runId: run.id,
        text: input.text,
        title: input.title,
        options,
        ...{ probeInterval, storageBudget },
        probes: this.#store.snapshot.probes.map(({ probe }) => probe),
        runPath: path,
        continues,
      },
      {
        tokens: spans => this.#store.addTokens(run, spans),
        frame: frame => this.#store.append(run, decodeFrame(frame)),
        progress: now => {
          this.#store.progress(run, now);
          const percent = now.total > 0 ? Math.min(100, (100 * now.position) / now.total) : 0;
          progress.report({ message: progressText(now), increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        },
      },
      token,
    );
  }

  #finish(run: RunHistory, result: TrainResult): void {
    const total = result.status === 'finished' ? result.positions : run.progress.total;
    run.result = result;
    run.progress = { ...run.progress, position: result.positions, total };
    this.#store.update({ phase: result.status });
    this.#store.scoreProbes(
      result.probes.map(({ prompt, answer, before, after }) => ({
        probe: { prompt, answer },
        before,
        score: after,
      })),
    );
    this.#log.info(
      `Run ${run.id}: ${result.status}, ${result.updates} updates in ${result.seconds.toFixed(1)} s`,
    );
    const show = 'Show Levels';
    void vscode.window.showInformationMessage(resultText(run.title, result), show).then(choice => {
      if (choice === show) void vscode.commands.executeCommand('hopescope.showLevels');
    });
  }

  #fail(error: unknown, run: RunHistory | undefined, before: Snapshot | undefined): void {
    const failure = error instanceof EngineFailure ? error : undefined;
    this.#log.error(`Training: ${failure ? `${failure.code}: ${failure.message}` : error}`);
    if (run && before) {
      if (run.updates === 0 && failure?.code !== 'stopped') {
        // Refused before the first update: everything is as it was.
        this.#store.update({ phase: before.phase, run: before.run, failure: before.failure });
      } else if (failure?.code === 'cancelled') {
        this.#store.update({ phase: 'cancelled' });
      } else {
        this.#store.update({ phase: 'failed', failure: stoppedText(run, failureText(error)) });
      }
    }
    // What an engine's end means is told once, when it is back.
    if (failure?.code === 'cancelled' || failure?.code === 'stopped') return;
    const log = 'Show Log';
    void vscode.window.showErrorMessage(failureText(error), log).then(choice => {
      if (choice === log) this.#log.show();
    });
  }
}
