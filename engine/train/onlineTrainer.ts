import { levelsOf } from '../checkpoint/config.ts';
import type { FastState } from '../model/fastState.ts';
import { blockInputs, blockOutput } from '../model/hopeBlock.ts';
import { embedTokens, titansOptions, tokenLosses } from '../model/languageModel.ts';
import { layerNorm } from '../model/layerNorm.ts';
import { tokensSinceStart } from '../model/localConvolution.ts';
import { readMemory } from '../model/memoryMlp.ts';
import { bindParameters } from '../model/parameters.ts';
import { appendGenerated, type Generated, generate } from '../model/selfModifyingTitans.ts';
import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import type { Update } from '../protocol/update.ts';
import { tf } from '../tensor/tf.ts';
import { DivergedError } from './divergedError.ts';
import { LevelTelemetry } from './levelTelemetry.ts';
import { type LevelWrite, writeContinuumLevel, writeTitansLevel } from './levelWrites.ts';
import type { Tick } from './tokenStream.ts';

export interface OnlineOptions {
  /** As `TrainOptions.learningRates`, complete. */
  readonly learningRates: Readonly<Record<string, number>>;
  /** Whether the last tick updates levels whose chunk is not full. */
  readonly flush: boolean;
  readonly telemetry: boolean;
}

/** What the forward pass of a tick leaves behind for the writes. */
interface TickForward {
  readonly losses: tf.Tensor1D;
  readonly memoryInputs: tf.Tensor3D[];
  readonly tails: tf.Tensor3D[];
}

/**
 * Trains the fast state tick by tick. Each tick reads its tokens with the weights at the start of the open chunks,
 * adds the exact gradient of its summed next-token loss to every CMS level's chunk, records what the memories
 * generated, and then updates each level whose chunk is full (Eq. 71, 90). Gradients do not cross ticks: the
 * convolution windows and memories carried in are constants.
 */
export class OnlineTrainer {
  readonly levels: readonly { readonly id: string; readonly period: number }[];
  private readonly telemetry: LevelTelemetry | undefined;

  constructor(
    private readonly state: FastState,
    private readonly endOfText: number,
    private readonly options: OnlineOptions,
  ) {
    this.levels = levelsOf(state.base.config).filter(level => level.id !== 'outer');
    const ids = this.levels.map(level => level.id);
    this.telemetry = options.telemetry ? new LevelTelemetry(state, ids) : undefined;
  }

  /** One update. @throws DivergedError before anything is changed when a number is no longer finite. */
  step(tick: Tick, index: number): Update {
    const { state } = this;
    const since = state.sinceStart.slice();
    const { forward, gradients, taps } = this.forward(tick, since);
    const surprise = forward.losses.dataSync().slice() as Float32Array;
    this.accumulate(forward, gradients, tick.inputs.length);
    state.sinceStart = since;
    const writes = tf.tidy(() => this.writes(tick.last && this.options.flush).map(keepWrite));
    try {
      this.refuseDivergence(surprise, writes, index);
      const metrics = this.measure(writes, taps, tick.inputs.length);
      this.commit(writes);
      state.updates++;
      const loss = surprise.reduce((sum, s) => sum + s, 0) / surprise.length;
      return { index, position: tick.position, loss, surprise, metrics };
    } finally {
      for (const { errors, inner } of writes) tf.dispose([[...errors.values()], [...(inner ?? [])]]);
      tf.dispose([forward.losses, forward.memoryInputs, taps]);
    }
  }

  dispose(): void {
    this.telemetry?.dispose();
  }
}
