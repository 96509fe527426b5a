import type { AbsorptionReport, LevelContribution } from '../protocol/absorption.ts';
import { controlScores, spread } from './controls.ts';
import { Pace, type Watcher } from './pace.ts';
import { pathAttribution } from './pathAttribution.ts';
import { changedLevels, type LevelTensor, mix, type Scorer, type Weights } from './scorer.ts';
import { type Contribution, contributions, MOST_PLAYERS, type SubsetValues } from './shapley.ts';

/** What a run says of a level between the two states. */
export interface LevelSpan {
  readonly id: string;
  readonly updates: number;
  /** Where it made none: tokens from the later state to its next update; undefined where it is frozen. */
  readonly tokensToGo?: number;
  readonly frozen: boolean;
}

export interface AbsorptionInput {
  /** The states compared, in updates. */
  readonly from: number;
  readonly to: number;
  /** Fast to slow. */
  readonly levels: readonly LevelSpan[];
  readonly blocks: number;
  readonly tensors: readonly LevelTensor[];
  /** Fast weights after so many updates. */
  readonly stateAt: (updates: number) => Promise<Weights>;
  /** Moments of the hand-over, in updates, from < … ≤ to. */
  readonly moments: readonly number[];
  readonly fact: Scorer;
  readonly paraphrases: readonly Scorer[];
  readonly neighbours: readonly Scorer[];
  readonly controls: number;
  readonly seed: number;
  readonly pathPoints: number;
}

/**
 * Which level's change a fact's gain is owed to, G = P(θ¹) − P(θ⁰) with P the mean log-probability of the answer.
 * @throws CancelledError, RangeError when more levels changed than can be told apart
 */
export async function absorb(input: AbsorptionInput, watcher: Watcher): Promise<AbsorptionReport> {
  const { from, to, levels, blocks, tensors, fact, controls, seed, pathPoints } = input;
  const [before, after] = [await input.stateAt(from), await input.stateAt(to)];
  const players = changedLevels(
    tensors,
    levels.map(({ id }) => id),
    before,
    after,
  );
  if (players.length > MOST_PLAYERS) {
    throw new RangeError(`${players.length} levels changed; at most ${MOST_PLAYERS} can be told apart`);
  }
  const beside = [...input.paraphrases, ...input.neighbours];
  const pace = new Pace(watcher, stepsOf(input, players.length));
  const values = await subsetValues(input, before, after, players, pace);
  const [start, end] = [values[0], values[values.length - 1]];
  const gain = end - start;
  const shares = new Map(contributions(values).map((share, p) => [players[p], share]));

  const drawn = new Map<string, number[]>();
  const drawnTogether = players.length > 1 ? [players] : [];
  for (const subset of [...players.map(id => [id]), ...drawnTogether]) {
    const gains: number[] = [];
    const draws = { seed: seed + 1 + drawn.size, count: controls };
    for (const scores of controlScores(fact, tensors, before, after, subset, draws)) {
      for (const score of scores) gains.push(score - start);
      await pace.step(scores.length);
    }
    drawn.set(subset.join(' '), gains);
  }
  const standardError = players.length ? spread(drawn.get(players.join(' '))!).deviation : 0;
  const significant = Math.abs(gain) > 2 * standardError;

  const moving = tensors.filter(({ level }) => shares.has(level));
  const path = await pathAttribution(fact, moving, before, after, pathPoints, () => pace.step(3));
  const pathOf = (level: string) =>
    Array.from({ length: pathPoints ? blocks : 0 }, (_, block) =>
      moving
        .filter(tensor => tensor.level === level && tensor.block === block)
        .reduce((sum, { name }) => sum + path.get(name)!, 0),
    );
  const attributed = [...path.values()].reduce((sum, value) => sum + value, 0);

  const scores: { before: number; after: number }[] = [];
  for (const scorer of beside) {
    scores.push({ before: scorer.score(before), after: scorer.score(after) });
    await pace.step(2);
  }
  const half = significant ? await halfGainAt(input, start, gain, pace) : undefined;
  const over = await handOver(input, before, pace);
  pace.finish();
  return {
    from,
    to,
    before: start,
    after: end,
    gain,
    standardError,
    significant,
    levels: levels.map(span => contribution(span, shares.get(span.id), drawn.get(span.id), pathOf(span.id))),
    pathResidual: pathPoints ? gain - attributed : Number.NaN,
    halfGainAt: half,
    paraphrases: scores.slice(0, input.paraphrases.length),
    neighbours: scores.slice(input.paraphrases.length),
    handOver: over,
  };
}

function stepsOf(
  { from, to, controls, pathPoints, moments, ...input }: AbsorptionInput,
  players: number,
): number {
  const subsets = 2 ** players;
  const bisection = Math.ceil(Math.log2(Math.max(1, to - from)));
  const beside = 2 * (input.paraphrases.length + input.neighbours.length);
  return subsets * (1 + moments.length) + controls * (players + 1) + 3 * pathPoints + beside + bisection;
}

/** Scores of all subsets of levels; the others are as before. */
async function subsetValues(
  { fact, tensors }: Pick<AbsorptionInput, 'fact' | 'tensors'>,
  before: Weights,
  after: Weights,
  players: readonly string[],
  pace: Pace,
): Promise<SubsetValues> {
  const values = new Float64Array(2 ** players.length);
  for (let first = 0; first < values.length; first += fact.atOnce) {
    const mixes = Array.from({ length: Math.min(fact.atOnce, values.length - first) }, (_, i) => {
      const taken = new Set(players.filter((_player, p) => (first + i) & (1 << p)));
      return mix(tensors, before, after, taken);
    });
    values.set(fact.scoreAll(mixes), first);
    await pace.step(mixes.length);
  }
  return values;
}

function contribution(
  { id, updates, tokensToGo, frozen }: LevelSpan,
  share: Contribution | undefined,
  gains: readonly number[] | undefined,
  path: readonly number[],
): LevelContribution {
  const none = { shapley: 0, necessity: 0, sufficiency: 0, interaction: 0 };
  const control = gains?.length ? spread(gains) : { mean: 0, deviation: 0, count: 0 };
  const { sufficiency } = share ?? none;
  const zScore = control.deviation > 0 ? (sufficiency - control.mean) / control.deviation : Number.NaN;
  return { level: id, ...(share ?? none), control, zScore, path, updates, tokensToGo, frozen };
}

/** First update with half of the gain, by bisection: right where the gain grows all along, else one of several. */
async function halfGainAt(
  { from, to, stateAt, fact }: AbsorptionInput,
  start: number,
  gain: number,
  pace: Pace,
): Promise<number> {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((fact.score(await stateAt(middle)) - start) / gain >= 0.5) high = middle;
    else low = middle;
    await pace.step();
  }
  return high;
}

/** Shapley values of what each level had changed by each moment. */
async function handOver(
  input: AbsorptionInput,
  before: Weights,
  pace: Pace,
): Promise<AbsorptionReport['handOver']> {
  const { levels, tensors, moments, stateAt } = input;
  const ids = levels.map(({ id }) => id);
  const shapley: number[][] = [];
  for (const moment of moments) {
    const after = await stateAt(moment);
    const players = changedLevels(tensors, ids, before, after);
    const values = await subsetValues(input, before, after, players, pace);
    const shares = contributions(values);
    shapley.push(ids.map(id => shares[players.indexOf(id)]?.shapley ?? 0));
  }
  return { updates: [...moments], shapley };
}
