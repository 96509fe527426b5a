import { createInflateRaw, type InflateRaw } from 'node:zlib';
import type { ByteFile } from '../checkpoint/byteFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { Storage } from './storage.ts';

/** A byte of DEFLATE never stands for more than this many; what claims more lies. */
export const MOST_INFLATION = 1032;
// Read from the file at once.
const piece = 2 ** 18;

/**
 * What bytes `begin` to `end` of a file inflate to (DEFLATE). Reading forwards goes on where the last read ended,
 * reading backwards starts again from the beginning.
 * @param name of the entry, for the error messages
 */
export function inflatedStorage(
  file: ByteFile,
  begin: number,
  end: number,
  size: number,
  name: string,
): Storage {
  let cursor: Cursor | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  async function read(from: number, to: number): Promise<Uint8Array> {
    if (!cursor || from < cursor.position) {
      cursor?.close();
      cursor = new Cursor(file, begin, end, name);
    }
    return cursor.read(from, to);
  }
  return {
    file: file.path,
    begin,
    end,
    compressed: true,
    size,
    read(from, to) {
      // One after the other: they share the cursor.
      const result = turn.then(() => read(from, to));
      turn = result.catch(() => {});
      return result;
    },
  };
}

/** Inflates forwards. */
class Cursor {
  position = 0;
  readonly #inflate: InflateRaw;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #fail: (fault: string) => CheckpointError;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(file: ByteFile, begin: number, end: number, name: string) {
    this.#fail = fault =>
      new CheckpointError(`entry ${JSON.stringify(name)} at byte ${begin}: ${fault}`, file.path);
    this.#inflate = createInflateRaw();
    // The read that waits is told; when none waits, nobody needs to know.
    this.#inflate.on('error', () => {});
    this.#chunks = this.#inflate[Symbol.asyncIterator]();
    void this.#feed(file, begin, end);
  }

  async read(from: number, to: number): Promise<Uint8Array> {
    const wanted = new Uint8Array(to - from);
    let filled = 0;
    while (filled < wanted.length) {
      if (this.#rest.length === 0) this.#rest = await this.#next();
      const skipped = Math.min(this.#rest.length, Math.max(0, from - this.position));
      const taken = Math.min(this.#rest.length - skipped, wanted.length - filled);
      wanted.set(this.#rest.subarray(skipped, skipped + taken), filled);
      filled += taken;
      this.position += skipped + taken;
      this.#rest = this.#rest.subarray(skipped + taken);
    }
    return wanted;
  }

  close(): void {
    this.#inflate.destroy();
  }

  async #next(): Promise<Uint8Array> {
    const { value, done } = await this.#chunks.next().catch(error => {
      throw this.#fail(`its compressed data is damaged (${(error as Error).message})`);
    });
    if (done) throw this.#fail(`it ends after ${this.position} bytes, fewer than it claims`);
    return value;
  }

  async #feed(file: ByteFile, begin: number, end: number): Promise<void> {
    try {
      for (let at = begin; at < end && !this.#inflate.destroyed; at += piece) {
        const bytes = await file.read(at, Math.min(end, at + piece));
        if (!this.#inflate.write(bytes)) await drained(this.#inflate);
      }
      if (!this.#inflate.destroyed) this.#inflate.end();
    } catch (error) {
      this.#inflate.destroy(error as Error);
    }
  }
}

function drained(stream: InflateRaw): Promise<void> {
  return new Promise(resolve => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
