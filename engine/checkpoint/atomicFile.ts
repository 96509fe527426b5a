import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError } from './checkpointError.ts';

/**
 * Writes the pieces one after another to `path`, so that a reader finds either the old file or the whole new
 * one, also after a power cut: temporary file in the same folder, fsync, rename. On failure nothing is left
 * behind and a `CheckpointError` says why.
 */
export async function writeAtomically(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      for await (const piece of pieces) await writeAll(handle, piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof CheckpointError || (error as Error)?.name === 'AbortError') throw error;
    throw new CheckpointError(
      `cannot be written: ${reasonOf(error)}`,
      path,
      'Check that the folder exists, can be written to and has space left.',
    );
  }
  await syncFolder(dirname(path));
}

/** What the operating system said, without the path that the caller names anyway. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    ENOTDIR: 'part of its path is not a folder',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOSPC: 'no space left on the disk',
    EROFS: 'the file system is read-only',
  };
  return known[code ?? ''] ?? code ?? (error instanceof Error ? error.message : String(error));
}

// One call to the system writes at most 2 GiB.
const largestWrite = 2 ** 30;

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    at += (await handle.write(piece, at, Math.min(piece.length - at, largestWrite))).bytesWritten;
  }
}

/** Makes the rename itself durable. Windows cannot open folders, and needs no such step. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file is complete either way; only its durability over a power cut is the system's to decide.
  }
}
