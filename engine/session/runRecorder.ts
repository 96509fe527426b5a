import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { levelsOf } from '../checkpoint/config.ts';
import { METRICS } from '../protocol/metric.ts';
import type { Probe, ProbeScore } from '../protocol/probe.ts';
import type { RunParent } from '../protocol/runInfo.ts';
import type { TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { RunFileError, RunWriter, shouldWrite } from '../run/index.ts';
import { encodeFastState, stateBytes } from './fastStateFile.ts';
import type { OpenModel } from './openModel.ts';

/** Keyframes whose cost is remembered. The cheapest counts: a disk that stalled once must not put off the next for long. */
const REMEMBERED = 3;

/**
 * Most seconds a byte that the first keyframe counts as: it is written cold, several times as slowly as those that
 * follow, and nothing is known yet to set it right.
 */
const FIRST_COST = 2e-9;

/** Bytes of keyframes where a request names no budget. */
const STORAGE_BUDGET = 2 ** 30;

/** A training as far as its run file is concerned; options are complete. */
export type Recorded = Pick<TrainRequest, 'runId' | 'title' | 'options' | 'probeInterval' | 'storageBudget'>;

/** What wrote a run, for its header. */
export interface Versions {
  readonly engine: string;
  readonly backend: string;
}

/** Where a branch came from: its parent, and the tick of the text that it goes on with. */
export interface BranchOrigin {
  readonly parent: RunParent;
  readonly firstTick: number;
}

/** Writes a training to its run file as it goes: each update before anyone is told of it. */
export class RunRecorder {
  private readonly writer: RunWriter;
  private readonly textOfToken = new Map<number, string>();
  private lastKeyframe = 0;
  private lastUpdates = 0;
  /** Memory of the last keyframe: to ask for megabytes anew each time costs as much as to fill them. */
  private room: Uint8Array | undefined;
  /** Seconds a byte that the last keyframes took. */
  private costs: readonly number[] = [];

  private constructor(
    private readonly model: OpenModel,
    path: string,
    { runId, title, options, probeInterval = 0, storageBudget = STORAGE_BUDGET }: Recorded,
    versions: Versions,
    origin?: BranchOrigin,
  ) {
    makeFolder(path);
    this.writer = RunWriter.create(path, {
      runId,
      title,
      modelName: model.info.name,
      modelHash: model.modelHash,
      tokenizerHash: model.tokenizerHash,
      engineVersion: versions.engine,
      backend: versions.backend,
      createdAt: new Date().toISOString(),
      options,
      levels: levelsOf(model.base.config).filter(level => level.id !== 'outer'),
      blocks: model.base.config.blocks,
      metrics: METRICS,
      probeInterval,
      storageBudget,
      firstTick: 0,
      ...origin,
    });
  }

  /** Begins the run with the model's fast state as its first keyframe. @throws RunFileError */
  static async create(
    model: OpenModel,
    path: string,
    request: Recorded,
    versions: Versions,
    origin?: BranchOrigin,
  ): Promise<RunRecorder> {
    const recorder = new RunRecorder(model, path, request, versions, origin);
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

  async update(update: Update): Promise<void> {
    this.writer.append(update);
    const secondsSinceLast = (performance.now() - this.lastKeyframe) / 1000;
    const updatesSinceLast = this.writer.updates - this.lastUpdates;
    // Where no chunk of a slow level is open a state is half as large, so such moments are taken sooner.
    const writeSeconds = Math.min(...this.costs) * stateBytes(this.model.fast);
    if (shouldWrite({ secondsSinceLast, writeSeconds, updatesSinceLast })) await this.keyframe();
  }

  /** Scores of the probes on the state as it is. */
  probes(probes: readonly Probe[], scores: readonly ProbeScore[]): void {
    probes.forEach((probe, i) => {
      this.writer.appendProbe(probe, this.writer.updates, scores[i]);
    });
  }

  /** Records the fast state as it is. */
  async keyframe(): Promise<void> {
    const begun = performance.now();
    const { fast, modelHash } = this.model;
    const bytes = await encodeFastState(fast, modelHash, this.room);
    this.room = bytes;
    this.writer.keyframe(this.writer.updates, bytes);
    this.lastKeyframe = performance.now();
    const cost = (this.lastKeyframe - begun) / 1000 / bytes.byteLength;
    this.costs = [this.costs.length ? cost : Math.min(cost, FIRST_COST), ...this.costs].slice(0, REMEMBERED);
    this.lastUpdates = this.writer.updates;
  }

  finish(result: TrainResult): void {
    this.writer.finish(result.status, result);
  }

  fail(): void {
    this.writer.finish('failed');
  }

  close(): void {
    this.writer.close();
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
