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

  constructor(
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
    try {
      this.keyframe();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  tokens(first: number, ids: Int32Array, starts: Uint32Array, ends: Uint32Array): void {
    this.writer.appendTokens(first, ids, starts, ends);
  }

  update(update: Update): void {
    this.writer.append(update);
    const secondsSinceLast = (performance.now() - this.lastKeyframe) / 1000;
    const updatesSinceLast = this.writer.updates - this.lastUpdates;
    if (shouldWrite({ secondsSinceLast, lastWriteSeconds: this.lastSeconds, updatesSinceLast }))
      this.keyframe();
  }

  finish(result: TrainResult): void {
    for (const { before, after, ...probe } of result.probes) {
      this.writer.appendProbe(probe, 0, before);
      this.writer.appendProbe(probe, this.writer.updates, after);
    }
    this.keyframe();
    this.writer.finish(result.status, result);
  }

  fail(): void {
    this.writer.finish('failed');
  }

  close(): void {
    this.writer.close();
  }

  private keyframe(): void {
    const begun = performance.now();
    this.writer.keyframe(this.writer.updates, encodeFastState(this.model.fast, this.model.modelHash));
    this.lastKeyframe = performance.now();
    this.lastSeconds = (this.lastKeyframe - begun) / 1000;
    this.lastUpdates = this.writer.updates;
  }
}
