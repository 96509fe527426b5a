import type { ProbeScore } from '../protocol/probe.ts';
import type { TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { DivergedError } from '../train/divergedError.ts';
import { OnlineTrainer } from '../train/onlineTrainer.ts';
import type { Tick } from '../train/tokenStream.ts';
import { EngineError } from './engineError.ts';
import { LevelSummaries } from './levelSummaries.ts';
import type { OpenModel } from './openModel.ts';
import type { RunRecorder } from './runRecorder.ts';
import { scoreProbes } from './scoring.ts';
import { SurpriseMeans } from './surpriseMeans.ts';

/** What a training needs to know of its request; options are complete. */
export type Trained = Pick<TrainRequest, 'runId' | 'options' | 'probes' | 'probeInterval'>;

/**
 * A training of the model's fast state whose ticks somebody else hands over, one by one. Every update is recorded
 * before `step` or `settle` returns it, and the probes are scored before the first, every `probeInterval` updates, and at
 * the end.
 */
export class RecordedTraining {
  updates = 0;
  positions = 0;
  private readonly summaries: LevelSummaries;
  private readonly surprise = new SurpriseMeans();
  private readonly trainer: OnlineTrainer;
  private readonly begun = performance.now();

  private constructor(
    private readonly model: OpenModel,
    private readonly request: Trained,
    private readonly before: readonly ProbeScore[],
    private readonly recorder: RunRecorder | undefined,
  ) {
    const { fast, tokenizer } = model;
    const { options } = request;
    this.summaries = new LevelSummaries(fast);
    this.trainer = new OnlineTrainer(fast, tokenizer.endOfText, {
      learningRates: options.learningRates,
      flush: options.partialChunk === 'flush',
      telemetry: options.telemetry,
    });
  }

  /**
   * @param request with complete options @param record opens the run file, once nothing can be refused any more
   * @throws EngineError on a probe that cannot be scored; nothing was begun then.
   */
  static async begin(
    model: OpenModel,
    request: Trained,
    record: () => Promise<RunRecorder | undefined>,
  ): Promise<RecordedTraining> {
    const before = await scoreProbes(model, request.probes);
    const recorder = await record();
    recorder?.probes(request.probes, before);
    return new RecordedTraining(model, request, before, recorder);
  }

  /** Records tokens of the text as they become known. */
  tokens(first: number, ids: Int32Array, starts: Uint32Array, ends: Uint32Array): void {
    this.recorder?.tokens(first, ids, starts, ends);
  }

  /**
   * One update. @param tokens of the text, where it is known to its end
   * @returns the updates that are recorded by now and were not returned before, in order
   * @throws DivergedError, as OnlineTrainer.
   */
  async step(tick: Tick, tokens: number | undefined): Promise<readonly Update[]> {
    const update = await this.trainer.step(tick, this.updates);
    const recorded = this.recorder ? await this.recorder.update(update) : [update];
    this.updates++;
    this.positions += update.surprise.length;
    this.summaries.add(update);
    this.surprise.add(update, tokens);
    const { probes, probeInterval = 0 } = this.request;
    if (this.recorder && probeInterval > 0 && this.updates % probeInterval === 0 && !tick.last) {
      this.recorder.probes(probes, await scoreProbes(this.model, probes));
    }
    return recorded;
  }

  /** Waits for the file. @returns the updates that were not returned before */
  settle(): readonly Update[] {
    return this.recorder?.settle() ?? [];
  }

  /** Ends the training where it is. @param tokens of the text */
  async finish(status: TrainResult['status'], tokens: number): Promise<TrainResult> {
    await this.recorder?.keyframe();
    const { runId, probes } = this.request;
    const after = await scoreProbes(this.model, probes);
    const result: TrainResult = {
      runId,
      status,
      tokens,
      positions: this.positions,
      updates: this.updates,
      seconds: (performance.now() - this.begun) / 1000,
      ...this.surprise.means,
      levels: await this.summaries.finish(),
      probes: probes.map((probe, i) => ({ ...probe, before: this.before[i], after: after[i] })),
    };
    this.recorder?.probes(probes, after);
    this.recorder?.finish(result);
    return result;
  }

  /** Records that the training failed. @returns the error in words */
  fail(error: unknown): unknown {
    try {
      this.recorder?.fail();
    } catch {
      // The file may be what failed; its last updates are in it all the same.
    }
    if (!(error instanceof DivergedError)) return error;
    const kept = this.updates ? ` Updates 1 to ${this.updates} are kept.` : '';
    const remedy = `Lower the learning rates or the number of epochs.${kept}`;
    return new EngineError(
      'diverged',
      `Training stopped at token ${error.position}: ${error.message}.`,
      remedy,
    );
  }

  /** Closes the run file and frees what the training held. */
  dispose(): void {
    this.summaries.dispose();
    this.recorder?.close();
  }
}
