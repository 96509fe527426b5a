import type { DocumentRange } from '../state/trainedText.ts';
import type { TokenRange, TokenSpans } from './tokenSpans.ts';

/** Steps of one nat each, 0 to 7 and more. */
export const STEPS = 8;

/** Offsets of a step's ranges, end to end: start, end, start, end, … */
export type StepRanges = readonly number[];

/** Step of a surprise in nats; undefined for a token that was not read. */
export function surpriseStep(nats: number): number | undefined {
  return Number.isNaN(nats) ? undefined : Math.min(STEPS - 1, Math.max(0, Math.floor(nats)));
}

/**
 * The tokens to colour in what is visible and a margin around it, a list a step. Tokens that share a character, as
 * the bytes of one emoji do, become one range with the highest surprise of them.
 * @param surprise nats, one a token
 * @param limit most tokens in all; what is visible comes before the margin
 */
export function surpriseSteps(
  spans: TokenSpans,
  surprise: ArrayLike<number>,
  visible: readonly DocumentRange[],
  limit: number,
): StepRanges[] {
  const steps = Array.from({ length: STEPS }, (): number[] => []);
  let start = 0;
  let end = -1;
  let nats = Number.NaN;
  const close = () => {
    const step = surpriseStep(nats);
    if (end > start && step !== undefined) steps[step].push(start, end);
  };
  for (const window of windows(spans, visible, limit)) {
    spans.visit(window, (token, from, to) => {
      const value = token < surprise.length ? surprise[token] : Number.NaN;
      if (from < end) {
        end = Math.max(end, to);
        if (!(nats >= value)) nats = Number.isNaN(value) ? nats : value;
        return;
      }
      close();
      [start, end, nats] = [from, to, value];
    });
  }
  close();
  return steps;
}

/** Visible tokens within the limit, and what is left of it shared out before and after them; in order, apart. */
function windows(spans: TokenSpans, visible: readonly DocumentRange[], limit: number): TokenRange[] {
  let room = limit;
  const seen = merge(visible.flatMap(({ start, end }) => spans.tokensIn(start, end, limit))).map(
    ({ from, to }) => {
      const shown = { from, to: Math.min(to, from + room) };
      room -= shown.to - shown.from;
      return shown;
    },
  );
  const margin = seen.length ? Math.floor(room / seen.length / 2) : 0;
  return merge(seen.map(({ from, to }) => ({ from: Math.max(0, from - margin), to: to + margin })));
}

function merge(ranges: readonly TokenRange[]): TokenRange[] {
  const apart: TokenRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = apart[apart.length - 1];
    if (last && range.from <= last.to) {
      apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else apart.push(range);
  }
  return apart;
}
