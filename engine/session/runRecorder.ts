import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { levelsOf } from '../checkpoint/config.ts';
import { METRICS } from '../protocol/metric.ts';
import type { TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { RunWriter, shouldWrite } from '../run/index.ts';
import { encodeFastState } from './fastStateFile.ts';
import type { OpenModel } from './openModel.ts';

/** Writes a training to its run file as it goes: each update before anyone is told of it. */
export class RunRecorder {
  private readonly writer: RunWriter;
  private lastKeyframe = 0;
  private lastUpdates = 0;
  private lastSeconds = 0;

  private constructor(
    private readonly model: OpenModel,
    path: string,
    { runId, title, options }: TrainRequest,
    versions: { readonly engine: string; readonly backend: string },
  ) {
    mkdirSync(dirname(path), { recursive: true });
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
    });
  }

  /** Begins the run file, with a keyframe of the state as it is. */
  static async create(
    model: OpenModel,
    path: string,
    request: TrainRequest,
    versions: { readonly engine: string; readonly backend: string },
  ): Promise<RunRecorder> {
    const recorder = new RunRecorder(model, path, request, versions);
    try {
      await recorder.keyframe();
    } catch (error) {
      recorder.close();
      throw error;
    }
    return recorder;
  }

  tokens(first: number, ids: Int32Array, starts: Uint32Array, ends: Uint32Array): void {
    this.writer.appendTokens(first, ids, starts, ends);
  }

  async update(update: Update): Promise<void> {
    this.writer.append(update);
    const secondsSinceLast = (performance.now() - this.lastKeyframe) / 1000;
    const updatesSinceLast = this.writer.updates - this.lastUpdates;
    if (shouldWrite({ secondsSinceLast, lastWriteSeconds: this.lastSeconds, updatesSinceLast }))
      await this.keyframe();
  }

  async finish(result: TrainResult): Promise<void> {
    for (const { before, after, ...probe } of result.probes) {
      this.writer.appendProbe(probe, 0, before);
      this.writer.appendProbe(probe, this.writer.updates, after);
    }
    await this.keyframe();
    this.writer.finish(result.status, result);
  }

  fail(): void {
    this.writer.finish('failed');
  }

  close(): void {
    this.writer.close();
  }

  private async keyframe(): Promise<void> {
    const begun = performance.now();
    const { fast, modelHash } = this.model;
    this.writer.keyframe(this.writer.updates, await encodeFastState(fast, modelHash));
    this.lastKeyframe = performance.now();
    this.lastSeconds = (this.lastKeyframe - begun) / 1000;
    this.lastUpdates = this.writer.updates;
  }
}
