import { levelsOf } from '../checkpoint/config.ts';
import type { FastState } from '../model/fastState.ts';
import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import type { LevelSummary } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';

/** Sums up what a training did to each level. Holds the weights at its start without copying them. */
export class LevelSummaries {
  private readonly start: ReadonlyMap<string, tf.Tensor>;
  private readonly levels: readonly { readonly id: string; readonly period: number }[];
  private readonly fired: number[];
  private readonly rho: number[];

  constructor(private readonly state: FastState) {
    this.start = new Map([...state.tensors].map(([name, tensor]) => [name, tensor.clone()]));
    this.levels = levelsOf(state.base.config).filter(level => level.id !== 'outer');
    this.fired = this.levels.map(() => 0);
    this.rho = this.levels.map(() => 0);
  }

  add({ metrics }: Update): void {
    const { blocks } = this.state.base.config;
    // Behind the levels come the memories of their optimizers.
    const count = metrics.length / (blocks * METRICS.length);
    for (let level = 0; level < this.levels.length; level++) {
      if (metrics[level * METRICS.length + METRIC_INDEX.fired] !== 1) continue;
      this.fired[level]++;
      let [delta, weight] = [0, 0];
      for (let block = 0; block < blocks; block++) {
        const at = (block * count + level) * METRICS.length;
        delta += metrics[at + METRIC_INDEX.deltaNorm] ** 2;
        weight += metrics[at + METRIC_INDEX.weightNorm] ** 2;
      }
      this.rho[level] += Math.sqrt(delta / weight);
    }
  }

  async finish(): Promise<LevelSummary[]> {
    const distances = await readBack(() =>
      tf.stack(
        this.levels.flatMap(({ id }) => [
          this.distance(id, this.start),
          this.distance(id, this.state.base.tensors),
        ]),
      ),
    );
    return this.levels.map(({ id, period }, i) => ({
      id,
      period,
      updates: this.fired[i],
      relativeChange: distances[2 * i],
      drift: distances[2 * i + 1],
      meanRelativeUpdate: this.fired[i] ? this.rho[i] / this.fired[i] : 0,
    }));
  }

  dispose(): void {
    tf.dispose([...this.start.values()]);
  }

  /** ‖W − R‖_F / ‖R‖_F over all tensors of a level. */
  private distance(level: string, reference: ReadonlyMap<string, tf.Tensor>): tf.Tensor {
    const names = this.state.specs.filter(spec => spec.level === level).map(spec => spec.name);
    const squares = (tensors: tf.Tensor[]) => tf.addN(tensors.map(tensor => tf.sum(tf.square(tensor))));
    const difference = squares(names.map(n => tf.sub(this.state.tensors.get(n)!, reference.get(n)!)));
    return tf.sqrt(tf.div(difference, squares(names.map(n => reference.get(n)!))));
  }
}
