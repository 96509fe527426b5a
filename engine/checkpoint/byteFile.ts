import { type FileHandle, open, stat } from 'node:fs/promises';
import { reasonOf } from './atomicFile.ts';
import { CheckpointError } from './checkpointError.ts';

// One call to the system reads at most 2 GiB.
const largestRead = 2 ** 30;

/** A file that is read piece by piece; every fault is a `CheckpointError` naming it. */
export class ByteFile {
  private constructor(
    readonly path: string,
    /** Bytes when it was opened. */
    readonly size: number,
    readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<ByteFile> {
    try {
      // Before opening: opening a pipe would wait for its other end.
      const found = await stat(path);
      if (!found.isFile()) throw new CheckpointError('this is not a file', path);
      return new ByteFile(path, found.size, await open(path, 'r'));
    } catch (error) {
      throw readFault(error, path);
    }
  }

  /** Bytes `begin` to `end`, in the memory of `into` where it is given and long enough, else in memory of their own. */
  async read(begin: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
    // Asked before memory is taken, so that no file is worth more of it than it has bytes.
    if (end > this.size) {
      throw new CheckpointError(`bytes ${begin} to ${end} are not there, it has ${this.size}`, this.path);
    }
    const length = end - begin;
    const bytes = into && into.length >= length ? into.subarray(0, length) : new Uint8Array(length);
    try {
      for (let at = 0; at < bytes.length; ) {
        const most = Math.min(bytes.length - at, largestRead);
        const { bytesRead } = await this.handle.read(bytes, at, most, begin + at);
        if (bytesRead === 0)
          throw new CheckpointError('the file became shorter while it was read', this.path);
        at += bytesRead;
      }
    } catch (error) {
      throw readFault(error, this.path);
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

function readFault(error: unknown, path: string): CheckpointError {
  if (error instanceof CheckpointError) return error;
  return new CheckpointError(`cannot be read: ${reasonOf(error)}`, path);
}
