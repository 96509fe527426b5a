import { Random } from '../tensor/random.ts';
import { type LevelTensor, mix, type Scorer, type Weights } from './scorer.ts';

/**
 * `after` with the change of every tensor replaced by one of the same norm: each entry of Δ keeps its size and gets a
 * random sign, so that what is random is the direction alone.
 */
export function randomChange(
  tensors: readonly LevelTensor[],
  before: Weights,
  after: Weights,
  random: Random,
): Map<string, Float32Array> {
  const changed = new Map<string, Float32Array>();
  for (const { name } of tensors) {
    const [a, b] = [before.get(name)!, after.get(name)!];
    if (a === b) {
      changed.set(name, a);
      continue;
    }
    let bits = 0;
    changed.set(
      name,
      a.map((value, i) => {
        bits = i % 32 === 0 ? random.next() : bits >>> 1;
        return bits & 1 ? b[i] : value - (b[i] - value);
      }),
    );
  }
  return changed;
}

/** Mean and standard deviation (of a sample) of numbers. */
export function spread(values: readonly number[]): { mean: number; deviation: number; count: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, deviation: Math.sqrt(variance), count };
}

/** Random changes in memory at once. */
const MOST_DRAWN = 8;

/** Scores of `before` with the change of some levels made random, some draws at a time. */
export function* controlScores(
  scorer: Scorer,
  tensors: readonly LevelTensor[],
  before: Weights,
  after: Weights,
  levels: readonly string[],
  { seed, count }: { readonly seed: number; readonly count: number },
): Generator<Float64Array> {
  const taken = new Set(levels);
  const own = tensors.filter(({ level }) => taken.has(level));
  const random = new Random(seed);
  const most = Math.min(MOST_DRAWN, scorer.atOnce);
  for (let done = 0; done < count; done += most) {
    const drawn = Array.from({ length: Math.min(most, count - done) }, () =>
      mix(own, before, randomChange(own, before, after, random), taken),
    );
    yield scorer.scoreAll(drawn);
  }
}
