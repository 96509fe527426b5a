import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openRunFile } from './openRunFile.ts';
import { guarded } from './runFileError.ts';

/** How long to wait for a training that writes to the same file, in milliseconds. */
const BUSY_TIMEOUT = 2000;

/**
 * Sets or changes the bookmark after so many updates of a run, finished or being written; a note of undefined
 * removes it. @throws RunFileError when the file is no run, damaged or cannot be written.
 */
export function annotateRun(path: string, updates: number, note: string | undefined): void {
  const file = resolve(path);
  // The checks of a reader first: nothing is written to a file that is no run of this version.
  openRunFile(file).database.close();
  guarded(file, () => {
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
    try {
      if (note === undefined) database.prepare('DELETE FROM bookmarks WHERE updates = ?').run(updates);
      else database.prepare('INSERT OR REPLACE INTO bookmarks VALUES (?, ?)').run(updates, note);
    } finally {
      database.close();
    }
  });
}
