import type { BranchChange } from '../protocol/index.ts';

const MOST_RATE = 100;
const MOST_FACTOR = 1000;

/**
 * Why a change cannot start a branch, one sentence; undefined when it can. Changes come from requests and from run
 * files, so nothing is taken for granted.
 * @param levels ids without `outer` @param updates of the parent, where the branch starts
 */
export function changeProblem(
  change: BranchChange,
  levels: readonly string[],
  updates: number,
): string | undefined {
  if (typeof change !== 'object' || change === null) return 'The change of a branch is missing.';
  if (change.kind === 'replay') return ratesProblem(change.learningRates, levels);
  if (!['revert', 'scale', 'truncate', 'damp'].includes(change.kind)) {
    return `There is no change "${String((change as { kind: unknown }).kind)}".`;
  }
  const { level, from } = change;
  if (!levels.includes(level)) return `The model has no level "${level}", only ${levels.join(', ')}.`;
  if (!isWhole(from) || from > updates) {
    return `A change since update ${from} does not lie before the branch, at update ${updates}.`;
  }
  if (change.kind === 'truncate') {
    return isWhole(change.rank) ? undefined : `The rank is ${change.rank}, not a whole number of at least 0.`;
  }
  if (change.kind === 'revert') return undefined;
  if (!inRange(change.factor, MOST_FACTOR)) {
    return `The factor is ${change.factor}, not a number from 0 to ${MOST_FACTOR}.`;
  }
  if (change.kind === 'damp' && !inRange(change.epsilon, 1)) {
    return `epsilon is ${change.epsilon}, not a number from 0 to 1.`;
  }
  return undefined;
}

function ratesProblem(rates: unknown, levels: readonly string[]): string | undefined {
  if (typeof rates !== 'object' || rates === null) return 'The learning rates of the branch are missing.';
  for (const [level, rate] of Object.entries(rates)) {
    if (!levels.includes(level)) return `The model has no level "${level}", only ${levels.join(', ')}.`;
    if (!inRange(rate, MOST_RATE)) {
      return `The learning rate of ${level} is ${rate}, not a number from 0 to ${MOST_RATE}.`;
    }
  }
  return undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function inRange(value: unknown, most: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= most;
}
