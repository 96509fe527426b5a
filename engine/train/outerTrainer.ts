import type { HopeConfig } from '../checkpoint/config.ts';
import { readSequence, startReading, tokenLosses, type ReadingState } from '../model/languageModel.ts';
import { disposeState, keepState } from '../model/readingState.ts';
import { bindParameters, parameterSpecs } from '../model/parameters.ts';
import { type AdamWOptions, adamWStep, type Moments } from '../optimizer/adamW.ts';
import { tf } from '../tensor/tf.ts';
import { mergeReset, type ResetMask } from './carriedState.ts';

/**
 * Outer loop: every parameter, the initial states M□,0 and θ_0 of all levels among them, is learned by
 * back-propagation through the reads and writes of whole sequences (Eq. 73, §8.1), with AdamW.
 * B rows of T tokens a step; a row's memories are carried from one step to the next (truncated
 * back-propagation) until its reset mask puts them back to M□,0.
 */
export class OuterTrainer {
  readonly weights: Map<string, Float32Array>;
  readonly moments: Map<string, Moments>;
  private state: ReadingState | undefined;

  constructor(
    private readonly config: HopeConfig,
    private readonly endOfText: number,
    private readonly batch: number,
    private readonly adamW: AdamWOptions,
    private readonly clip: number,
    weights: ReadonlyMap<string, Float32Array>,
    moments?: ReadonlyMap<string, Moments>,
  ) {
    this.weights = new Map(weights);
    this.moments = new Map(
      [...weights].map(([name, { length }]) => [
        name,
        moments?.get(name) ?? { first: new Float32Array(length), second: new Float32Array(length) },
      ]),
    );
  }

  /**
   * One AdamW step on rows of tokens.
   * @param ids inputs [B × T] @param targets next tokens [B × T] @param step counted from 1
   * @returns mean loss in nats per token and the norm of the gradient before clipping.
   * @throws Error when the loss is not finite; the weights are then unchanged.
   */
  step(
    ids: Int32Array,
    targets: Int32Array,
    reset: ResetMask,
    step: number,
    rate: number,
  ): { loss: number; gradientNorm: number } {
    const specs = parameterSpecs(this.config);
    const tensors = specs.map(({ name, shape }) => tf.tensor(this.weights.get(name)!.slice(), [...shape]));
    let after: ReadingState | undefined;
    const lossOf = (...values: tf.Tensor[]) => {
      const byName = new Map(specs.map(({ name }, i) => [name, values[i]]));
      const parameters = bindParameters(this.config, name => byName.get(name)!);
      const fresh = startReading(parameters, this.config, this.batch);
      const start = this.state ? mergeReset(this.state, fresh, reset) : fresh;
      const read = readSequence(parameters, this.config, ids, this.endOfText, start);
      after = keepState(read.state);
      return tf.mean(tokenLosses(parameters, read.hidden, targets)) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(tensors);
    const loss = value.dataSync()[0];
    const gradients = grads.map(gradient => gradient.dataSync() as Float32Array);
    tf.dispose([value, grads, tensors]);
    if (this.state) disposeState(this.state);
    this.state = after;
    const norm = Math.sqrt(gradients.reduce((sum, g) => sum + squaredNorm(g), 0));
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      throw new Error(`step ${step}: loss ${loss}, gradient norm ${norm}; lower the learning rate`);
    }
    const scale = Math.min(1, this.clip / (norm + 1e-6));
    specs.forEach(({ name, shape, initial }, i) => {
      const gradient = scale < 1 ? gradients[i].map(g => g * scale) : gradients[i];
      const decay = shape.length > 1 && initial.kind === 'normal' ? this.adamW.weightDecay : 0;
      const options = { ...this.adamW, weightDecay: decay };
      adamWStep(this.weights.get(name)!, gradient, this.moments.get(name)!, step, rate, options);
    });
    return { loss, gradientNorm: norm };
  }

  /** Mean loss of rows of tokens read from M□,0, nats per token; nothing is changed. */
  evaluate(ids: Int32Array, targets: Int32Array, batch: number): number {
    return tf.tidy(() => {
      const specs = new Map(parameterSpecs(this.config).map(spec => [spec.name, spec]));
      const take = (name: string) => tf.tensor(this.weights.get(name)!.slice(), [...specs.get(name)!.shape]);
      const parameters = bindParameters(this.config, take);
      const start = startReading(parameters, this.config, batch);
      const { hidden } = readSequence(parameters, this.config, ids, this.endOfText, start);
      return tf.mean(tokenLosses(parameters, hidden, targets)).dataSync()[0];
    });
  }

  dispose(): void {
    if (this.state) disposeState(this.state);
    this.state = undefined;
  }
}

function squaredNorm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
