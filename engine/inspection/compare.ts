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
import { Workspace } from './workspace.ts';

// A piece with values that are not finite is gone through in blocks, so that few of them are gone through one by one.
const blockLength = 2 ** 12;

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
  const workspace = Workspace.take();
  for (const pair of pairs) {
    const { before: old, after: now } = pair;
    if (old.sameAs !== undefined && now.sameAs !== undefined) continue;
    if (!isReadable(old.dtype) || !isReadable(now.dtype)) continue;
    await breath(signal);
    const other = third?.tensor(pair);
    const streams = [
      valuesOf(before, old, signal, workspace.lane(0)),
      valuesOf(after, now, signal, workspace.lane(1)),
    ];
    if (third && other && isReadable(other.dtype)) streams.push(valuesOf(third.archive, other, signal));
    const sums = new ChangeSums(workspace);
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
  workspace.giveBack();
}

/** Norms and the inner product of two changes. */
class ChangeSums {
  readonly #workspace: Workspace;
  /** Σ before², Σ after², Σ change², the largest change. */
  readonly #sums = new Float64Array(4);
  #notFinite = 0;
  #other = 0;
  #product = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  add(before: Values, after: Values, third?: Values): void {
    if (third) this.#addAny(before, after, third);
    if (third || this.#addFinite(before, after)) return;
    for (let from = 0; from < before.length; from += blockLength) {
      const blocks = [before, after].map(values => values.subarray(from, from + blockLength));
      if (!this.#addFinite(blocks[0], blocks[1])) this.#addAny(blocks[0], blocks[1]);
    }
  }

  /** Adds values that are all finite; otherwise adds none. */
  #addFinite(before: Values, after: Values): boolean {
    const [a, b] = [this.#workspace.placeOf(before), this.#workspace.placeOf(after)];
    if (a === undefined || b === undefined) return this.#addPlainly(before, after);
    const { loops } = this.#workspace;
    return this.#workspace.adding(this.#sums, sums => loops.addChange(a, b, before.length, sums));
  }

  #addPlainly(before: Values, after: Values): boolean {
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
    this.#sums[0] += old;
    this.#sums[1] += now;
    this.#sums[2] += change;
    this.#sums[3] = Math.max(this.#sums[3], highest, -lowest);
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
      this.#sums[0] += a * a;
      this.#sums[1] += b * b;
      this.#sums[2] += delta * delta;
      this.#sums[3] = Math.max(this.#sums[3], Math.abs(delta));
      if (!third) continue;
      const other = third[i] - a;
      if (!Number.isFinite(other)) continue;
      this.#other += other * other;
      this.#product += delta * other;
    }
  }

  result(withThird: boolean): Omit<TensorChangeRow, 'name' | 'block' | 'level' | 'shape' | 'otherName'> {
    const [before, after, delta] = this.#sums.subarray(0, 3).map(Math.sqrt);
    const lengths = delta * Math.sqrt(this.#other);
    return {
      before,
      after,
      delta,
      relative: delta === 0 ? 0 : delta / before,
      largest: this.#sums[3],
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
