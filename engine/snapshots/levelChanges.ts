import type { Archive } from '../archive/archive.ts';
import type { LevelMap } from '../archive/levelMap.ts';
import { compareTensors } from '../inspection/compare.ts';
import { pairTensors } from '../inspection/pairs.ts';

/** Change of the tensors of one level in one block, Frobenius norms over all of them. */
export interface LevelChange {
  /** ‖W′ − W‖. */
  readonly delta: number;
  /** ‖W‖ before. */
  readonly before: number;
  /** ‖W′‖. */
  readonly after: number;
}

/**
 * What changed between two checkpoints, by block (−1 outside of all) and level. Tensors that only one of them has, or
 * that have another shape there, count in neither. @returns changes by `block level`, and how many tensors both have
 */
export async function levelChanges(
  archives: readonly [Archive, Archive],
  places: LevelMap,
  signal?: AbortSignal,
): Promise<{ changes: Map<string, LevelChange>; shared: number }> {
  const { pairs } = await pairTensors(...archives);
  const squares = new Map<string, [delta: number, before: number, after: number]>();
  for await (const row of compareTensors(archives, pairs, places, { signal })) {
    if (row.level === undefined) continue;
    const key = changeKey(row.block, row.level);
    const sums = squares.get(key) ?? [0, 0, 0];
    [row.delta, row.before, row.after].forEach((norm, i) => {
      sums[i] += norm ** 2;
    });
    squares.set(key, sums);
  }
  const changes = new Map(
    Array.from(squares, ([key, sums]) => {
      const [delta, before, after] = sums.map(Math.sqrt);
      return [key, { delta, before, after }];
    }),
  );
  return { changes, shared: pairs.length };
}

export function changeKey(block: number, level: string): string {
  return `${block} ${level}`;
}
