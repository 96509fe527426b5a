import { type AdamWOptions, adamWStep, type Moments } from '../optimizer/adamW.ts';
import { multiply } from './flatArrays.ts';

/** Elements `from` to `to` of the flat arrays that AdamW steps alike. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** Whether the weights decay. */
  readonly decays: boolean;
}

/** One step of AdamW as a message between threads. */
export interface Descent {
  readonly spans: readonly Span[];
  /** Counted from 1. */
  readonly step: number;
  readonly rate: number;
  /** What the gradient is multiplied with first. */
  readonly scale: number;
  readonly options: AdamWOptions;
}

/** Flat arrays of one length; the gradient is scaled, the others are stepped. */
export interface SpanArrays extends Moments {
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
}

/** Steps the spans in place. */
export function stepSpans(
  { weights, gradient, first, second }: SpanArrays,
  { spans, step, rate, scale, options }: Descent,
): void {
  for (const { from, to, decays } of spans) {
    const part = (flat: Float32Array) => flat.subarray(from, to);
    const moments = { first: part(first), second: part(second) };
    const weightDecay = decays ? options.weightDecay : 0;
    multiply(part(gradient), scale);
    adamWStep(part(weights), part(gradient), moments, step, rate, { ...options, weightDecay });
  }
}

/** The elements of all spans dealt out evenly, in order; each element is stepped by itself, so no number changes. */
export function dealSpans(spans: readonly Span[], count: number): Span[][] {
  const all = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const bound = (share: number) => Math.floor((all * share) / count);
  return Array.from({ length: count }, (_, share) => {
    let before = 0;
    return spans.flatMap(({ from, to, decays }) => {
      const [start, end] = [bound(share), bound(share + 1)].map(at => from + Math.max(0, at - before));
      before += to - from;
      const span = { from: Math.min(start, to), to: Math.min(end, to), decays };
      return span.from < span.to ? [span] : [];
    });
  });
}
