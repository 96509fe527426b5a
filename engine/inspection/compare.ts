import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Archive, StoredTensor } from '../archive/archive.ts';
import { isReadable, type Values } from '../archive/dtype.ts';
import type { LevelMap } from '../archive/levelMap.ts';
import { valuesOf } from '../archive/values.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { TensorChangeRow } from '../protocol/inspection.ts';
import { breath } from './breath.ts';
import type { TensorPair } from './pairs.ts';

/** A third checkpoint, to compare the direction of the change with that of its own. */
export interface Third {
  readonly archive: Archive;
  tensor(pair: TensorPair): StoredTensor | undefined;
}

/**
 * How each pair differs, one after the other as they are read, each tensor once and in pieces.
 * Tied tensors are gone through once.
 */
export async function* compareTensors(
  [before, after]: readonly [Archive, Archive],
  pairs: readonly TensorPair[],
  places: LevelMap,
  { third, signal }: { third?: Third; signal?: AbortSignal } = {},
): AsyncGenerator<TensorChangeRow> {
  for (const pair of pairs) {
    const { before: old, after: now } = pair;
    if (old.sameAs !== undefined && now.sameAs !== undefined) continue;
    if (!isReadable(old.dtype) || !isReadable(now.dtype)) continue;
    await breath(signal);
    const other = third?.tensor(pair);
    const streams = [valuesOf(before, old, signal), valuesOf(after, now, signal)];
    if (third && other && isReadable(other.dtype)) streams.push(valuesOf(third.archive, other, signal));
    const sums = new ChangeSums();
    for (;;) {
      const pieces = await Promise.all(streams.map(stream => stream.next()));
      if (pieces[0].done) break;
      sums.add(...(pieces.map(({ value }) => value!.values) as [Values, Values, Values?]));
      signal?.throwIfAborted();
    }
    const { block, level } = places.place(old.name);
    yield {
      name: old.name,
      ...(now.name === old.name ? {} : { otherName: now.name }),
      block,
      ...(level === undefined ? {} : { level }),
      shape: old.shape,
      ...sums.result(streams.length > 2),
    };
  }
}

/** Norms and the inner product of two changes. */
class ChangeSums {
  #before = 0;
  #after = 0;
  #delta = 0;
  #largest = 0;
  #notFinite = 0;
  #other = 0;
  #product = 0;

  add(before: Values, after: Values, third?: Values): void {
    if (third || !this.#addFinite(before, after)) this.#addAny(before, after, third);
  }

  /** Adds values that are all finite; otherwise adds none. */
  #addFinite(before: Values, after: Values): boolean {
    let old = 0;
    let now = 0;
    let change = 0;
    let highest = 0;
    let lowest = 0;
    for (let i = 0; i < before.length; i++) {
      const a = before[i];
      const b = after[i];
      const delta = b - a;
      old += a * a;
      now += b * b;
      change += delta * delta;
      if (delta > highest) highest = delta;
      if (delta < lowest) lowest = delta;
    }
    // A value that is not finite leaves no finite sum.
    if (!Number.isFinite(change)) return false;
    this.#before += old;
    this.#after += now;
    this.#delta += change;
    this.#largest = Math.max(this.#largest, highest, -lowest);
    return true;
  }

  #addAny(before: Values, after: Values, third?: Values): void {
    for (let i = 0; i < before.length; i++) {
      const a = before[i];
      const b = after[i];
      const delta = b - a;
      if (!Number.isFinite(delta)) {
        this.#notFinite++;
        continue;
      }
      this.#before += a * a;
      this.#after += b * b;
      this.#delta += delta * delta;
      this.#largest = Math.max(this.#largest, Math.abs(delta));
      if (!third) continue;
      const other = third[i] - a;
      if (!Number.isFinite(other)) continue;
      this.#other += other * other;
      this.#product += delta * other;
    }
  }

  result(withThird: boolean): Omit<TensorChangeRow, 'name' | 'block' | 'level' | 'shape' | 'otherName'> {
    const delta = Math.sqrt(this.#delta);
    const before = Math.sqrt(this.#before);
    const lengths = delta * Math.sqrt(this.#other);
    return {
      before,
      after: Math.sqrt(this.#after),
      delta,
      relative: delta === 0 ? 0 : delta / before,
      largest: this.#largest,
      notFinite: this.#notFinite,
      ...(withThird && lengths > 0 ? { cosine: this.#product / lengths } : {}),
    };
  }
}

/** Largest relative change first; of equal ones the larger change first. */
export function worstFirst(rows: readonly TensorChangeRow[]): TensorChangeRow[] {
  return rows.toSorted((a, b) => (a.relative === b.relative ? b.delta - a.delta : b.relative - a.relative));
}

/**
 * Refuses a fast state that was trained on another base checkpoint than the one it is compared with.
 * @throws CheckpointError with both SHA-256 sums
 */
export async function checkBase(before: Archive, after: Archive): Promise<void> {
  if (after.format !== 'fast state' || before.format === 'fast state') return;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(before.path)) hash.update(piece as Uint8Array);
  const found = hash.digest('hex');
  if (found !== after.metadata.model) {
    throw new CheckpointError(
      `belongs to the base checkpoint with SHA-256 ${after.metadata.model}, but ${before.path} has ${found}`,
      after.path,
      'Compare it with the model that it was trained on.',
    );
  }
}
