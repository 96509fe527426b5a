import type { Forgetting, MeasuredInterference, Probe } from '../../engine/protocol/index.ts';
import { type ForgettingData, stabilityGap } from '../charts/forgetting.ts';
import type { ForgettingMatrixData } from '../charts/forgettingMatrix.ts';
import type { InterferenceBar } from '../charts/interferenceBars.ts';
import type { Line, LineTrackOptions } from '../charts/lineTrack.ts';
import type { Theme } from '../charts/theme.ts';
import { fixed } from '../ui/format.ts';
import { percent } from './describe.ts';
import { DASHES } from './drawing.ts';
import { positionAfter } from './geometry.ts';
import type { ViewState } from './state.ts';
import { momentsOf } from './wants.ts';

/** Two words of the prompt and the answer. */
export const shortName = ({ prompt, answer }: Probe): string =>
  `${prompt.trim().split(/\s+/).slice(-2).join(' ')} → ${answer.trim()}`;

/** The scores of a run at its moments; undefined where there is nothing to compare. */
export function forgettingData({ host, pieces }: ViewState): ForgettingData | undefined {
  const { run } = host;
  if (!run || run.probes.length < 2) return undefined;
  const moments = momentsOf(run);
  if (moments.length < 2) return undefined;
  return {
    probes: run.probes.map(shortName),
    tokens: moments.map(updates => positionAfter(run, pieces[0], updates)),
    scores: run.probes.map(({ scores }) =>
      moments.map(at => scores.find(({ updates }) => updates === at)?.probability ?? Number.NaN),
    ),
  };
}

/** Text alternative of the scores. */
export function describeForgetting({ probes, tokens, scores }: ForgettingData): string {
  return probes
    .map((name, i) => {
      const known = scores[i].filter(Number.isFinite);
      const gap = stabilityGap(scores[i]);
      const dip =
        gap === undefined ? '' : `, lowest in between ${percent(scores[i][gap])} at token ${tokens[gap]}`;
      return `${name}: ${percent(known[0])} first, ${percent(known.at(-1)!)} last, best ${percent(Math.max(...known))}${dip}.`;
    })
    .join(' ');
}

/** The forgetting matrix; undefined where it is not read yet, or there is but one fact. */
export function matrixOf({ forgetting }: ViewState): ForgettingMatrixData | undefined {
  if (!forgetting || forgetting.report.facts.length < 2) return undefined;
  return { facts: namesOf(forgetting), matrix: forgetting.report.matrix };
}

const namesOf = ({ probes, report }: Forgetting): string[] =>
  report.facts.map(({ fact }) => shortName(probes[fact]));

/** Text alternative of the matrix. */
export function describeMatrix({ report, probes }: Forgetting): string {
  const { average, backwardTransfer, facts } = report;
  const each = facts.map(({ fact, written, forgetting, gap }, i) => {
    const kept = `${nats(report.matrix[i][i])} when written, ${nats(report.matrix.at(-1)![i])} at the end`;
    return `${shortName(probes[fact])}: written by update ${written}, ${kept}, forgotten ${nats(forgetting)}, gap ${nats(gap)}.`;
  });
  return `Mean score at the end, ACC, ${nats(average)} nats a token; backward transfer, BWT, ${nats(backwardTransfer)}. ${each.join(' ')}`;
}

/** Nats with a sign where negative, and not zero to the digits shown. */
export const nats = (value: number): string =>
  fixed(value, 2)
    .replace(/^-(?!0\.00)/, '−')
    .replace('-', '');

/** Falls that round to nothing are none. */
const LEAST_GAP = 0.005;

/** What each fact's score gained or lost since its writing, nats a token, in the order of writing. */
export interface Curves {
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
  readonly lines: readonly Pick<Line, 'at' | 'values' | 'marked'>[];
}

/** The stability-gap curves; undefined where no fact was scored after its writing. */
export function curvesOf({ forgetting, host, pieces }: ViewState): Curves | undefined {
  const { run } = host;
  if (!forgetting || !run) return undefined;
  const lines = forgetting.report.facts.map(({ fact, written, gap }) => {
    const { prompt, answer } = forgetting.probes[fact];
    const scores = run.probes.find(probe => probe.prompt === prompt && probe.answer === answer)?.scores ?? [];
    const since = scores.filter(({ updates }) => updates >= written);
    const values = since.map(({ meanLogProbability }) => meanLogProbability - since[0].meanLogProbability);
    const worst = values.indexOf(Math.min(...values));
    return {
      at: since.map(({ updates }) => positionAfter(run, pieces[0], updates)),
      values,
      marked: gap >= LEAST_GAP && worst > 0 ? worst : undefined,
    };
  });
  if (lines.every(({ at }) => at.length < 2)) return undefined;
  const all = lines.flatMap(({ values }) => values).filter(Number.isFinite);
  const from = Math.min(...lines.flatMap(({ at }) => at));
  const to = Math.max(...lines.flatMap(({ at }) => at));
  return { lines, from, to, low: Math.min(0, ...all), high: Math.max(0, ...all) };
}

/** The curves as they are drawn, the level of each fact at its writing dotted. */
export function curveLines(
  { from, to, low, high, lines }: Curves,
  theme: Theme,
): { lines: Line[] } & Pick<LineTrackOptions, 'scale' | 'span'> {
  // A ring about the last score must not be cut.
  const span = { from, to: to + 0.02 * (to - from) };
  const zero: Line = { at: [from, to], values: [0, 0], stroke: theme.dim, width: 1, dash: [1, 3] };
  const drawn = lines.map(
    (line, i): Line => ({ ...line, stroke: theme.foreground, dash: DASHES[i % DASHES.length], dots: true }),
  );
  return { lines: [zero, ...drawn], span, scale: value => (value - low) / (high - low || 1) };
}

/** Text alternative of the curves. */
export function describeCurves({ report, probes }: Forgetting): string {
  return report.facts
    .map(({ fact, worst, gap }) =>
      gap >= LEAST_GAP
        ? `${shortName(probes[fact])} fell ${nats(gap)} nats a token below its score when written, to ${nats(worst)}.`
        : `${shortName(probes[fact])} never fell below its score when written.`,
    )
    .join(' ');
}

/** What a stretch of the run did to each fact: predicted over all levels, and measured. */
export function interferenceOf({ probes, report }: MeasuredInterference): InterferenceBar[] {
  return report.facts.map(({ predicted, measured }, i) => ({
    name: shortName(probes[i]),
    predicted: predicted.filter(Number.isFinite).reduce((sum, value) => sum + value, 0),
    measured,
  }));
}

/** Text alternative of a fact's interference, with the prediction a level. */
export function describeInterference({ probes, report }: MeasuredInterference, fact: number): string {
  const { predicted, measured } = report.facts[fact];
  const levels = report.levels.map((id, level) => `${id} ${nats(predicted[level])}`).join(', ');
  const sum = predicted.filter(Number.isFinite).reduce((total, value) => total + value, 0);
  return `${shortName(probes[fact])}: predicted ${nats(sum)} nats a token (${levels}), measured ${nats(measured)}.`;
}
