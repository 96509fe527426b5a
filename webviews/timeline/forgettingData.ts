import { type ForgettingData, stabilityGap } from '../charts/forgetting.ts';
import { percent } from './describe.ts';
import { positionAfter } from './geometry.ts';
import type { ViewState } from './state.ts';

/** The matrix of a run's scores; undefined where there is nothing to compare. */
export function forgettingData({ host, pieces }: ViewState): ForgettingData | undefined {
  const { run } = host;
  if (!run || run.probes.length < 2) return undefined;
  const moments = [...new Set(run.probes.flatMap(({ scores }) => scores.map(({ updates }) => updates)))].sort(
    (a, b) => a - b,
  );
  if (moments.length < 2) return undefined;
  return {
    probes: run.probes.map(
      ({ answer, prompt }) => `${prompt.trim().split(/\s+/).slice(-2).join(' ')} → ${answer.trim()}`,
    ),
    tokens: moments.map(updates => positionAfter(run, pieces[0], updates)),
    scores: run.probes.map(({ scores }) =>
      moments.map(at => scores.find(({ updates }) => updates === at)?.probability ?? Number.NaN),
    ),
  };
}

/** Text alternative of the matrix. */
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
