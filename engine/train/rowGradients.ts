import type { HopeConfig } from '../checkpoint/config.ts';
import { hasMemories } from '../checkpoint/systems.ts';
import {
  headLogits,
  type ReadingState,
  readSequence,
  startReading,
  tokenLosses,
} from '../model/languageModel.ts';
import { mixerOf } from '../model/mixer/index.ts';
import { bindParameters, type HopeParameters } from '../model/parameters.ts';
import { disposeState, keepState } from '../model/readingState.ts';
import { readInto } from '../tensor/flatCopies.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import { mergeReset, type ResetMask } from './carriedState.ts';
import { ParameterLayout } from './parameterLayout.ts';

/** Whether rows go on with what the rows before left. */
function carriesOn(config: HopeConfig): boolean {
  return hasMemories(config) || mixerOf(config).carries;
}

/** Rows of tokens, R × T row-major, with the token that follows each. */
export interface Rows {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
}

/**
 * Loss and gradient of R rows with respect to every parameter, the initial states M□,0 and θ_0 among them, through
 * the reads and writes of the whole rows. The rows' memories are carried from one call to the next.
 */
export class RowGradients {
  readonly layout: ParameterLayout;
  private state: ReadingState | undefined;

  constructor(
    private readonly config: HopeConfig,
    private readonly endOfText: number,
  ) {
    this.layout = new ParameterLayout(config);
  }

  /**
   * A loss that is not finite starts the rows' memories again at M□,0.
   * @param gradient written, flat @returns mean loss, nats per token.
   */
  async compute(
    weights: Float32Array,
    { ids, targets }: Rows,
    reset: ResetMask,
    gradient: Float32Array,
  ): Promise<number> {
    const tensors = this.layout.tensors(weights);
    let after: ReadingState | undefined;
    const lossOf = (...values: tf.Tensor[]) => {
      const parameters = this.bind(values);
      const fresh = startReading(parameters, this.config, reset.length);
      const start = this.state ? mergeReset(this.state, fresh, reset, carriesOn(this.config)) : fresh;
      const read = readSequence(parameters, this.config, ids, this.endOfText, start);
      after = keepState(read.state);
      return tf.mean(tokenLosses(parameters, read.hidden, targets)) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(tensors);
    const mean = new Float32Array(1);
    const parts = grads.map((_, i) => this.layout.part(gradient, i));
    await readInto([value, ...grads], [mean, ...parts]);
    parts.forEach((part, i) => {
      if (!this.layout.learned(i)) part.fill(0);
    });
    const [loss] = mean;
    tf.dispose([value, grads, tensors]);
    this.dispose();
    if (Number.isFinite(loss)) this.state = after;
    else disposeState(after!);
    return loss;
  }

  /** Mean loss of rows read from M□,0, nats per token; nothing is changed. */
  async evaluate(weights: Float32Array, { ids, targets }: Rows, rows: number): Promise<number> {
    const [loss] = await readBack(() => {
      const parameters = this.bind(this.layout.tensors(weights));
      const start = startReading(parameters, this.config, rows);
      const { hidden } = readSequence(parameters, this.config, ids, this.endOfText, start);
      return tf.mean(tokenLosses(parameters, hidden, targets));
    });
    return loss;
  }

  /** The likeliest next token after each, of rows read from M□,0, [R × T]; nothing is changed. */
  async answers(weights: Float32Array, { ids }: Pick<Rows, 'ids'>, rows: number): Promise<Int32Array> {
    const found = await readBack(() => {
      const parameters = this.bind(this.layout.tensors(weights));
      const start = startReading(parameters, this.config, rows);
      const { hidden } = readSequence(parameters, this.config, ids, this.endOfText, start);
      return tf.cast(tf.argMax(headLogits(parameters, hidden), 1), 'float32');
    });
    return Int32Array.from(found);
  }

  dispose(): void {
    if (this.state) disposeState(this.state);
    this.state = undefined;
  }

  private bind(tensors: readonly tf.Tensor[]): HopeParameters {
    const byName = new Map(this.layout.specs.map(({ name }, i) => [name, tensors[i]]));
    return bindParameters(this.config, name => byName.get(name)!);
  }
}
