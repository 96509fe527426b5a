import type { AdamWOptions, Moments } from '../optimizer/adamW.ts';
import { isMatrix, type MuonOptions, muonStep } from '../optimizer/muon.ts';
import { multiply } from './flatArrays.ts';
import type { GradientSource } from './gradientPool.ts';
import type { OuterMemories } from './outerMemories.ts';
import type { ParameterLayout } from './parameterLayout.ts';
import type { Rows } from './rowGradients.ts';
import { type Span, stepSpans } from './spans.ts';

/**
 * Outer loop: every parameter, the initial states M□,0 and θ_0 of all levels among them, is learned by
 * back-propagation through reads and writes (Eq. 73, §8.1), with a clipped gradient and AdamW, Muon for matrices
 * other than the embedding and AdamW for the rest, or an optimizer that the levels have too.
 */
export class OuterTrainer {
  readonly moments: Moments;
  /** Steps left out in a row. */
  private leftOut = 0;

  constructor(
    private readonly layout: ParameterLayout,
    private readonly source: GradientSource,
    private readonly adamW: AdamWOptions,
    private readonly clip: number,
    /** First moments are Muon's momentum for what it steps. */
    moments?: Moments,
    private readonly muon?: MuonOptions,
    /** Steps everything where it is there. */
    private readonly memories?: OuterMemories,
  ) {
    const { size } = layout;
    this.moments = source.moments ??
      moments ?? { first: new Float32Array(size), second: new Float32Array(size) };
    if (!moments || moments === this.moments) return;
    this.moments.first.set(moments.first);
    this.moments.second.set(moments.second);
  }

  /**
   * @param step counted from 1
   * @returns mean loss in nats per token and the norm of the gradient before clipping; where either is not
   * finite the step is left out and the weights are unchanged.
   * @throws Error after ten such steps in a row.
   */
  async step(
    rows: Rows,
    reset: Float32Array,
    step: number,
    rate: number,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const { loss, gradient, norm: gradientNorm } = await this.source.compute(rows, reset);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      if (++this.leftOut === 10) {
        throw new Error(`step ${step}: loss ${loss}, gradient norm ${gradientNorm}; lower the learning rate`);
      }
      return { loss, gradientNorm };
    }
    this.leftOut = 0;
    const scale = Math.min(1, this.clip / (gradientNorm + 1e-6));
    const { layout, moments } = this;
    const spans: Span[] = [];
    layout.specs.forEach(({ name, shape, initial }, i) => {
      if (!layout.learned(i)) return;
      const decays = shape.length > 1 && initial.kind === 'normal';
      const weights = layout.part(this.source.weights, i);
      const slope = layout.part(gradient, i);
      if (this.memories) {
        multiply(slope, scale);
        const keep = decays ? 1 - rate * this.adamW.weightDecay : 1;
        this.memories.step(name, shape, weights, slope, rate, keep);
        return;
      }
      const first = layout.part(moments.first, i);
      if (this.muon && decays && isMatrix(shape) && name !== 'embed.weight') {
        multiply(slope, scale);
        muonStep(weights, slope, first, shape, rate, this.muon);
        return;
      }
      spans.push({ from: layout.offsets[i], to: layout.offsets[i] + weights.length, decays });
    });
    const descent = { spans, step, rate, scale, options: this.adamW };
    const { source } = this;
    if (source.descend) await source.descend(descent);
    else stepSpans({ ...moments, weights: source.weights, gradient }, descent);
    return { loss, gradientNorm };
  }
}
