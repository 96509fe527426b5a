import type { ForgettingReport } from '../protocol/forgetting.ts';

/** Scores of one fact along a run, in the order of `updates`: mean log-probability of the answer, nats a token. */
export interface ScoredFact {
  readonly updates: readonly number[];
  readonly scores: readonly number[];
}

/** What is lost and kept of facts that were written one after the other. R_ij = score of fact j after fact i. */
export interface Retention {
  /** mean_j R_Tj */
  readonly average: number;
  /** Backward transfer, mean_{j<T} (R_Tj − R_jj) (Lopez-Paz and Ranzato 2017); NaN for a single fact. */
  readonly backwardTransfer: number;
  /** max_{i<T} R_ij − R_Tj a fact (Chaudhry et al. 2018); NaN where there is one fact alone. */
  readonly forgetting: readonly number[];
}

/** @param matrix R, [T, T], rows in the order of writing */
export function retention(matrix: readonly (readonly number[])[]): Retention {
  const last = matrix[matrix.length - 1];
  const transfers = last.slice(0, -1).map((score, j) => score - matrix[j][j]);
  return {
    average: mean(last),
    backwardTransfer: mean(transfers),
    forgetting: last.map((score, j) => {
      const earlier = matrix.slice(0, -1).map(row => row[j]);
      return earlier.length ? Math.max(...earlier) - score : Number.NaN;
    }),
  };
}

/**
 * Forgetting along a run, or along runs that followed one another on one memory. A fact counts as written at the
 * moment after its largest rise; R has a row for each fact's moment, in this order, and its last row is the end.
 * @param facts scored at the same moments
 * @param moments indices of the scores between which rises are looked for: all of them, or the ends of runs
 * @throws RangeError when the facts were not scored at the same moments
 */
export function forgettingOf(facts: readonly ScoredFact[], moments?: readonly number[]): ForgettingReport {
  const { updates } = facts[0];
  if (facts.some(fact => fact.updates.join() !== updates.join())) {
    throw new RangeError('the probes were not scored after the same updates');
  }
  const looked = moments ?? [...updates.keys()];
  const written = facts.map(fact => writtenAt(fact.scores, looked));
  const order = [...facts.keys()].sort((a, b) => written[a] - written[b]);
  const rows = order.map((fact, i) => (i < order.length - 1 ? written[fact] : updates.length - 1));
  const matrix = rows.map(row => order.map(fact => facts[fact].scores[row]));
  const { average, backwardTransfer, forgetting } = retention(matrix);
  return {
    facts: order.map((fact, i) => {
      const { scores } = facts[fact];
      const worst = Math.min(...scores.slice(written[fact]));
      const gap = scores[written[fact]] - worst;
      return { fact, written: updates[written[fact]], forgetting: forgetting[i], worst, gap };
    }),
    matrix,
    average,
    backwardTransfer,
  };
}

/** Of the moments, the one after the largest rise; the first where no score ever rose. */
function writtenAt(scores: readonly number[], moments: readonly number[]): number {
  let [found, most] = [moments[0], 0];
  for (let i = 1; i < moments.length; i++) {
    const rise = scores[moments[i]] - scores[moments[i - 1]];
    if (rise > most) [found, most] = [moments[i], rise];
  }
  return found;
}

function mean(values: readonly number[]): number {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : Number.NaN;
}
