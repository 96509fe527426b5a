import type { BaseModel } from '../model/baseModel.ts';
import { readSequence, startReading, tokenLosses } from '../model/languageModel.ts';
import { bindParameters, type HopeParameters } from '../model/parameters.ts';
import { tf } from '../tensor/tf.ts';
import { readRows } from './rowReading.ts';
import type { Scorer, Weights } from './scorer.ts';

/** A probe as token ids. */
export interface ProbeTokens {
  readonly prompt: Int32Array;
  readonly answer: Int32Array;
}

/** Tokens read at once: a fraction of a second on one core for a model of a few million parameters. */
const MOST_TOKENS = 1024;

/**
 * Scores a probe as one document, `<|endoftext|>`, prompt, answer, read with an empty convolution window by any fast
 * weights of a model; what the memories write while they read is discarded.
 */
export class ModelScorer implements Scorer {
  readonly atOnce: number;
  private readonly ids: Int32Array;
  private readonly shapes: ReadonlyMap<string, number[]>;

  constructor(
    private readonly base: BaseModel,
    private readonly endOfText: number,
    private readonly probe: ProbeTokens,
  ) {
    this.ids = Int32Array.of(endOfText, ...probe.prompt, ...probe.answer.subarray(0, -1));
    this.atOnce = Math.max(1, Math.floor(MOST_TOKENS / this.ids.length));
    this.shapes = new Map(base.specs.map(({ name, shape }) => [name, [...shape]]));
  }

  score(weights: Weights): number {
    return tf.tidy(() => this.meanLogProbability(this.parameters(weights)).dataSync()[0]);
  }

  gradient(weights: Weights, names: readonly string[]): Map<string, Float32Array> {
    const found = new Map<string, Float32Array>();
    tf.tidy(() => {
      const variables = names.map(name => this.tensor(name, weights));
      const score = (...values: tf.Tensor[]) => {
        const moving = new Map(names.map((name, i) => [name, values[i]]));
        const parameters = bindParameters(
          this.base.config,
          name => moving.get(name) ?? this.tensor(name, weights),
        );
        return this.meanLogProbability(parameters);
      };
      const { grads } = tf.valueAndGrads(score)(variables);
      names.forEach((name, i) => {
        found.set(name, grads[i].dataSync().slice() as Float32Array);
      });
    });
    return found;
  }

  scoreAll(weights: readonly Weights[]): Float64Array {
    const scores = tf.tidy(() => {
      const known = new Map<Float32Array, tf.Tensor>();
      const rows = weights.map(each => this.parameters(each, known));
      const hidden = readRows(rows, this.base.config, this.ids, this.endOfText);
      return this.answerScores(rows[0], hidden, rows.length).dataSync();
    });
    return Float64Array.from(scores);
  }

  private meanLogProbability(parameters: HopeParameters): tf.Scalar {
    const start = startReading(parameters, this.base.config, 1);
    const { hidden } = readSequence(parameters, this.base.config, this.ids, this.endOfText, start);
    return tf.reshape(this.answerScores(parameters, hidden, 1), []);
  }

  /** Mean log-probability of the answer a row, [rows]. @param hidden [rows × T, D] */
  private answerScores(parameters: HopeParameters, hidden: tf.Tensor2D, rows: number): tf.Tensor1D {
    const { prompt, answer } = this.probe;
    const width = hidden.shape[1];
    const documents = tf.reshape<tf.Rank.R3>(hidden, [rows, this.ids.length, width]);
    const ends = tf.slice(documents, [0, prompt.length, 0], [rows, answer.length, width]);
    const targets = new Int32Array(rows * answer.length);
    for (let row = 0; row < rows; row++) targets.set(answer, row * answer.length);
    const losses = tokenLosses(parameters, tf.reshape(ends, [rows * answer.length, width]), targets);
    return tf.neg(tf.mean(tf.reshape(losses, [rows, answer.length]), 1));
  }

  /** @param known tensors made already, by their values */
  private parameters(weights: Weights, known?: Map<Float32Array, tf.Tensor>): HopeParameters {
    return bindParameters(this.base.config, name => this.tensor(name, weights, known));
  }

  private tensor(name: string, weights: Weights, known?: Map<Float32Array, tf.Tensor>): tf.Tensor {
    const data = weights.get(name);
    if (!data) return this.base.tensors.get(name)!;
    const tensor = known?.get(data) ?? tf.tensor(data, this.shapes.get(name)!);
    known?.set(data, tensor);
    return tensor;
  }
}
