import { levelsOf, tickOf } from '../checkpoint/config.ts';
import type { FastState } from '../model/fastState.ts';

/** A level whose open chunk is as long as its sums. */
interface SummedLevel {
  readonly id: string;
  readonly period: number;
  readonly values: number;
}

/**
 * About how long the file of a fast state is, now and as training goes on: the weights, what optimizers remember, and
 * the sums of chunks that are open. The last come and go with the levels' periods.
 */
export class StateLength {
  readonly #state: FastState;
  readonly #tick: number;
  readonly #levels: readonly SummedLevel[];
  readonly #weights: number;

  constructor(state: FastState) {
    const { config } = state.base;
    const valuesOf = (specs: FastState['specs']) =>
      specs.reduce((sum, { name }) => sum + state.tensors.get(name)!.size, 0);
    this.#state = state;
    this.#tick = tickOf(config);
    this.#weights = valuesOf(state.specs);
    this.#levels = levelsOf(config)
      .map(({ id, period }) => {
        const summed = state.specs.filter(({ name, level }) => level === id && state.sums.has(name));
        return { id, period, values: valuesOf(summed) };
      })
      .filter(({ values }) => values > 0);
  }

  /** Bytes after so many more updates. */
  after(updates: number): number {
    let values = this.#weights;
    for (const { size } of this.#state.optimizer.values()) values += size;
    for (const level of this.#levels) {
      const pending = (this.#state.pending.get(level.id) ?? 0) + updates * this.#tick;
      if (pending % level.period) values += level.values;
    }
    return 4 * values;
  }
}
