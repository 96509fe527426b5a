import type { MatrixSpectrum } from '../../engine/protocol/index.ts';
import { fixed, significant } from '../ui/format.ts';

/** A level may have a matrix a head: those that changed most are shown. */
export const MOST_MATRICES = 4;
export const strongest = (matrices: readonly MatrixSpectrum[]): MatrixSpectrum[] =>
  [...matrices].sort((a, b) => b.deltaNorm - a.deltaNorm).slice(0, MOST_MATRICES);

type Bounded = Omit<MatrixSpectrum, 'rankBound'> & { readonly rankBound?: number };

/** “rank 18.4 of at most 64, 2 intruders” */
export function rankWords({ effectiveRank, rankBound, intruders }: Bounded): string {
  const bound = rankBound === undefined ? '' : ` of at most ${rankBound}`;
  const guests = intruders > 0 ? `, ${intruders} intruder${intruders === 1 ? '' : 's'}` : '';
  return `rank ${fixed(effectiveRank, 1)}${bound}${guests}`;
}

/** Text alternative of a spectrum. */
export function describeSpectrum(matrix: Bounded): string {
  const { effectiveRank, rankBound, delta, weight, stableRank } = matrix;
  const bound = rankBound === undefined ? '' : ` of at most ${rankBound}`;
  return `${matrix.name}. Effective rank ${fixed(effectiveRank, 1)}${bound}, stable rank ${fixed(stableRank, 1)}; largest singular value of ΔW ${significant(delta[0] ?? 0)}, of W ${significant(weight[0] ?? 0)}.`;
}
