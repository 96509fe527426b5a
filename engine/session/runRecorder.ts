import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { METRICS } from '../protocol/metric.ts';
import type { Probe, ProbeScore } from '../protocol/probe.ts';
import type { RunParent } from '../protocol/runInfo.ts';
import type { TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { RunFileError, RunWriter, shouldWrite } from '../run/index.ts';
import { recordedLevels } from '../train/memoryLevels.ts';
import { diskBudget } from './diskBudget.ts';
import { encodeFastState } from './fastStateFile.ts';
import type { OpenModel } from './openModel.ts';
import { StateLength } from './stateLength.ts';
import { UnitCost } from './unitCost.ts';

/** Most seconds a byte that the first keyframe is taken to cost: to read and encode, and to write. */
const FIRST_READ = 1e-9;
const FIRST_WRITE = 6e-9;

/** Updates that wait at most while the file is occupied; then training waits, too. */
const MOST_WAITING = 64;

/**
 * Milliseconds in which updates are recorded together. A commit writes as many pages for one as for several, and who
 * watches is told of them no more often than that (`FramePublisher`).
 */
const COMMIT_EVERY = 33;

/** A training as far as its run file is concerned; options are complete. */
export type Recorded = Pick<TrainRequest, 'runId' | 'title' | 'options' | 'probeInterval' | 'storageBudget'>;

/** What writes a run, for its header, and how. */
export interface RecordingSetup {
  readonly engine: string;
  readonly backend: string;
  /** Milliseconds in which updates are recorded together; 33 where absent, 0 for each by itself. */
  readonly commitEvery?: number;
}

/** Where a branch came from: its parent, and the tick of the text that it goes on with. */
export interface BranchOrigin {
  readonly parent: RunParent;
  readonly firstTick: number;
}

/**
 * Writes a training to its run file as it goes: each update before anyone is told of it, those of a moment together.
 * While the file is occupied beside the training, updates wait for it, and training does not.
 */
export class RunRecorder {
  private readonly writer: RunWriter;
  private readonly textOfToken = new Map<number, string>();
  private lastKeyframe = 0;
  private lastUpdates = 0;
  private lastCommit = Number.NEGATIVE_INFINITY;
  private readonly commitEvery: number;
  /** Bytes of the last keyframe, not packed. */
  private given = 0;
  /** Updates that are not recorded yet. */
  private waiting: Update[] = [];
  /** Updates that are recorded, and that nobody was told of yet. */
  private recorded: Update[] = [];
  /** Memory of the last keyframe: to ask for megabytes anew each time costs as much as to fill them. */
  private room: SharedArrayBuffer | undefined;
  private readonly reading = new UnitCost(FIRST_READ);
  private readonly writing = new UnitCost(FIRST_WRITE);
  /** Of updates: going back does not take longer because the machine was busy with something else meanwhile. */
  private readonly training = new UnitCost(Number.POSITIVE_INFINITY);
  private readonly length: StateLength;

  private constructor(
    private readonly model: OpenModel,
    path: string,
    { runId, title, options, probeInterval = 0, storageBudget }: Recorded,
    setup: RecordingSetup,
    origin?: BranchOrigin,
  ) {
    this.commitEvery = setup.commitEvery ?? COMMIT_EVERY;
    this.length = new StateLength(model.fast);
    makeFolder(path);
    this.writer = RunWriter.create(path, {
      runId,
      title,
      modelName: model.info.name,
      modelHash: model.modelHash,
      tokenizerHash: model.tokenizerHash,
      engineVersion: setup.engine,
      backend: setup.backend,
      createdAt: new Date().toISOString(),
      options,
      levels: recordedLevels(model.base.config),
      blocks: model.base.config.blocks,
      metrics: METRICS,
      probeInterval,
      storageBudget: diskBudget(path, storageBudget),
      firstTick: 0,
      ...origin,
    });
  }

  /** Begins the run with the model's fast state as its first keyframe. @throws RunFileError */
  static async create(
    model: OpenModel,
    path: string,
    request: Recorded,
    setup: RecordingSetup,
    origin?: BranchOrigin,
  ): Promise<RunRecorder> {
    const recorder = new RunRecorder(model, path, request, setup, origin);
    try {
      await recorder.keyframe();
    } catch (error) {
      recorder.close();
      throw error;
    }
    return recorder;
  }

  tokens(first: number, ids: Int32Array, starts: Uint32Array, ends: Uint32Array): void {
    const texts = Array.from(ids, id => this.textOf(id));
    this.writer.appendTokens(first, ids, starts, ends, texts);
  }

  /** Takes the next update. @returns those that are recorded since the last call, in order; none while they wait */
  async update(update: Update): Promise<readonly Update[]> {
    this.waiting.push(update);
    const full = this.waiting.length >= MOST_WAITING;
    if (this.writer.occupied && !full) return [];
    // Asked for each update: the moment at which a keyframe costs least passes with the next.
    if (this.keyframeDue()) await this.keyframe();
    else if (!full && performance.now() - this.lastCommit < this.commitEvery) return [];
    return this.settle();
  }

  /** Records the updates that wait. @returns those that are recorded since the last call */
  settle(): readonly Update[] {
    this.record();
    const { recorded } = this;
    this.recorded = [];
    return recorded;
  }

  /** Scores of the probes on the state as it is. */
  probes(probes: readonly Probe[], scores: readonly ProbeScore[]): void {
    this.record();
    probes.forEach((probe, i) => {
      this.writer.appendProbe(probe, this.writer.updates, scores[i]);
    });
  }

  /** Records the fast state as it is; it is in the file at the latest when the run is finished. */
  async keyframe(): Promise<void> {
    this.record();
    this.settleKeyframe();
    const begun = performance.now();
    const { updates } = this.writer;
    const passed = updates - this.lastUpdates;
    if (passed) this.training.add((begun - this.lastKeyframe) / 1000, passed);
    const { fast, modelHash } = this.model;
    const bytes = await encodeFastState(fast, modelHash, length => this.roomFor(length));
    this.lastKeyframe = performance.now();
    this.reading.add((this.lastKeyframe - begun) / 1000, bytes.byteLength);
    this.given = bytes.byteLength;
    if (updates) this.writer.giveKeyframe(updates, bytes);
    else this.writer.keyframe(updates, bytes);
    this.lastUpdates = updates;
  }

  finish(result: TrainResult): void {
    this.record();
    this.settleKeyframe();
    this.writer.finish(result.status, result);
  }

  /** That it failed is recorded also where its last keyframe could not be. */
  fail(): void {
    this.record();
    this.writer.finish('failed');
  }

  close(): void {
    this.writer.close();
  }

  private record(): void {
    const { waiting } = this;
    if (!waiting.length) return;
    this.waiting = [];
    this.writer.append(...waiting);
    this.recorded.push(...waiting);
    this.lastCommit = performance.now();
  }

  private settleKeyframe(): void {
    const seconds = this.writer.settle();
    if (seconds) this.writing.add(seconds, this.given);
  }

  private keyframeDue(): boolean {
    if (this.writer.keyframeUnderWay) return false;
    this.settleKeyframe();
    const secondsSinceLast = (performance.now() - this.lastKeyframe) / 1000;
    const updatesSinceLast = this.writer.updates + this.waiting.length - this.lastUpdates;
    const bytes = this.length.after(0);
    return shouldWrite({
      secondsSinceLast,
      updatesSinceLast,
      recomputeSeconds: Math.min(secondsSinceLast, this.training.of(updatesSinceLast) || secondsSinceLast),
      readSeconds: this.reading.of(bytes),
      writeSeconds: this.writing.of(bytes),
      lengthAfter: updates => this.length.after(updates) / bytes,
    });
  }

  private roomFor(length: number): Uint8Array {
    // Where chunks are open a state is up to twice as long as the first, of which few or none are.
    if (!this.room || this.room.byteLength < length) this.room = new SharedArrayBuffer(2 * length);
    return new Uint8Array(this.room, 0, length);
  }

  private textOf(id: number): string {
    let text = this.textOfToken.get(id);
    if (text === undefined) {
      text = this.model.tokenizer.decode([id]);
      this.textOfToken.set(id, text);
    }
    return text;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = 'Choose another folder, or one that may be written to.';
    throw new RunFileError(`the folder of the run file cannot be made (${reason})`, path, remedy, error);
  }
}
