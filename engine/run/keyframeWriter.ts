import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { type Keyframe, PIECE } from './keyframe.ts';
import { packWords } from './packedWords.ts';
import { wordsOf } from './stateWords.ts';

/** Writes keyframes. The caller begins and ends the transaction. */
export class KeyframeWriter {
  readonly #keyframe: StatementSync;
  readonly #piece: StatementSync;
  readonly #drops: readonly StatementSync[];

  constructor(database: DatabaseSync) {
    this.#keyframe = database.prepare('INSERT INTO keyframes VALUES (?, ?, ?, ?)');
    this.#piece = database.prepare('INSERT INTO keyframe_pieces VALUES (?, ?, ?, ?)');
    this.#drops = ['keyframe_pieces', 'keyframes'].map(table =>
      database.prepare(`DELETE FROM ${table} WHERE updates = ?`),
    );
  }

  /** @param first an earlier keyframe to pack it against; without one it is not packed @returns bytes that it takes */
  insert({ updates, fastState }: Keyframe, first?: Keyframe): number {
    const { begin, words } = wordsOf(fastState);
    const before = first ? wordsOf(first.fastState).words : undefined;
    this.#keyframe.run(updates, fastState.length, begin, first?.updates ?? null);
    const rest = [fastState.subarray(0, begin), fastState.subarray(begin + 4 * words.length)];
    let bytes = this.#insertPiece(updates, 0, Buffer.concat(rest));
    for (let at = 0; at < words.length; at += PIECE) {
      const part = words.subarray(at, at + PIECE);
      const earlier = before?.subarray(at, at + PIECE);
      const blob = earlier?.length ? packWords(part, earlier) : bytesOf(part);
      bytes += this.#insertPiece(updates, at / PIECE + 1, blob);
    }
    return bytes;
  }

  drop(updates: number): void {
    for (const drop of this.#drops) drop.run(updates);
  }

  #insertPiece(updates: number, piece: number, blob: Uint8Array): number {
    this.#piece.run(updates, piece, blob, crc32(blob));
    return blob.length;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
