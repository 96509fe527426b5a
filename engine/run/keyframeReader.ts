import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { type Keyframe, PIECE } from './keyframe.ts';
import { unpackWords } from './packedWords.ts';
import { damaged, type RunFileError } from './runFileError.ts';
import { wordsOf } from './stateWords.ts';

/** Reads keyframes of version 4 or, where `whole`, of the versions before, which had each in one blob. */
export class KeyframeReader {
  readonly #path: string;
  readonly #whole: boolean;
  readonly #keyframe: StatementSync;
  readonly #pieces: StatementSync | undefined;
  readonly #count: StatementSync | undefined;

  constructor(database: DatabaseSync, path: string, whole: boolean) {
    this.#path = path;
    this.#whole = whole;
    this.#keyframe = database.prepare('SELECT * FROM keyframes WHERE updates = ?');
    if (whole) return;
    this.#pieces = database.prepare('SELECT * FROM keyframe_pieces WHERE updates = ? ORDER BY piece');
    this.#count = database.prepare(
      'SELECT count(*) AS pieces, sum(length(packed)) AS stored FROM keyframe_pieces WHERE updates = ?',
    );
  }

  /**
   * The keyframe after so many updates.
   * @param known answers a keyframe that others are packed against, read from the file where omitted
   * @throws RunFileError where it is damaged; takes at most twice the memory that its pieces have on disk
   */
  read(updates: number, known = this.#ofNoOther): Keyframe {
    const row = this.#keyframe.get(updates);
    if (this.#whole) {
      const { fast_state: fastState, crc32: checksum } = row ?? {};
      if (!(fastState instanceof Uint8Array) || crc32(fastState) !== checksum) throw this.#wrong(updates);
      return { updates, fastState };
    }
    const [length, begin] = [Number(row?.bytes), Number(row?.numbers_begin)];
    const numbers = Math.floor((length - begin) / 4);
    const { pieces, stored } = this.#count!.get(updates) ?? {};
    // The lower half of each number is there as it is, packed or not.
    const plausible = pieces === 1 + Math.ceil(numbers / PIECE) && 2 * numbers <= Number(stored);
    if (!(begin >= 0 && numbers >= 0 && plausible)) throw this.#wrong(updates);
    const relative = row?.relative_to;
    if (relative !== null && !(Number(relative) < updates)) throw this.#wrong(updates);
    const before = relative === null ? undefined : wordsOf(known(Number(relative)).fastState).words;
    const blobs = this.#blobs(updates);
    const rest = blobs.next().value;
    if (rest?.length !== length - 4 * numbers) throw this.#wrong(updates);
    const fastState = new Uint8Array(length);
    fastState.set(rest.subarray(0, begin));
    fastState.set(rest.subarray(begin), begin + 4 * numbers);
    const words = begin % 4 ? new Uint32Array(numbers) : new Uint32Array(fastState.buffer, begin, numbers);
    let at = 0;
    for (const blob of blobs) {
      this.#fill(updates, words.subarray(at, at + PIECE), blob, before?.subarray(at, at + PIECE));
      at += PIECE;
    }
    if (begin % 4) fastState.set(new Uint8Array(words.buffer), begin);
    return { updates, fastState };
  }

  /** A keyframe that is not packed, as one has to be that others are packed against. */
  readonly #ofNoOther = (updates: number): Keyframe =>
    this.read(updates, () => {
      throw this.#wrong(updates);
    });

  #fill(updates: number, words: Uint32Array, blob: Uint8Array, before: Uint32Array | undefined): void {
    if (!before?.length) {
      if (blob.length !== words.byteLength) throw this.#wrong(updates);
      new Uint8Array(words.buffer, words.byteOffset, words.byteLength).set(blob);
      return;
    }
    try {
      unpackWords(blob, words, before);
    } catch (error) {
      throw this.#wrong(updates, error);
    }
  }

  *#blobs(updates: number): Generator<Uint8Array, undefined, undefined> {
    let place = 0;
    for (const { piece, packed, crc32: checksum } of this.#pieces!.iterate(updates)) {
      if (piece !== place || !(packed instanceof Uint8Array) || crc32(packed) !== checksum) {
        throw this.#wrong(updates);
      }
      yield packed;
      place++;
    }
    return undefined;
  }

  #wrong(updates: number, cause?: unknown): RunFileError {
    return damaged(this.#path, `the keyframe after ${updates} updates does not match its checksums`, cause);
  }
}
