/** A keyframe that a run file holds. */
export interface KeptKeyframe {
  readonly updates: number;
  readonly bytes: number;
}

/**
 * Which keyframes to drop so that the rest takes at most `budget` bytes: again and again the one that leaves the
 * smallest gap between its neighbours for the bytes it frees, so that they thin out evenly, large ones first. The first, the last and pinned ones stay, even
 * where those alone take more.
 * @param keyframes in the order of their updates @returns their updates
 */
export function keyframesToDrop(
  keyframes: readonly KeptKeyframe[],
  pinned: ReadonlySet<number>,
  budget: number,
): number[] {
  const left = [...keyframes];
  const dropped: number[] = [];
  let bytes = left.reduce((sum, keyframe) => sum + keyframe.bytes, 0);
  while (bytes > budget) {
    let best = -1;
    let smallest = Number.POSITIVE_INFINITY;
    for (let i = 1; i < left.length - 1; i++) {
      const gap = (left[i + 1].updates - left[i - 1].updates) / left[i].bytes;
      if (gap >= smallest || pinned.has(left[i].updates)) continue;
      smallest = gap;
      best = i;
    }
    if (best < 0) break;
    const [{ updates, bytes: freed }] = left.splice(best, 1);
    dropped.push(updates);
    bytes -= freed;
  }
  return dropped;
}
