import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes of keyframes where a request names no budget. */
const DEFAULT = 4 * 2 ** 30;

/** Share of what the disk has free that a run may take at most. */
const SHARE_OF_FREE = 0.1;

/** Bytes that the keyframes of a run at `path` may take: what was asked for, and no more than a tenth of what is free. */
export function diskBudget(path: string, asked = DEFAULT): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return Math.min(asked, Math.floor(bavail * bsize * SHARE_OF_FREE));
  } catch {
    // Some file systems do not tell.
    return asked;
  }
}
