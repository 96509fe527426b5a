/**
 * Keeps the pages of a keyframe in memory, up to 32 MB, while it is written or read. In SQLite's usual 2 MB a keyframe
 * does not fit: it would be written page by page, ten times as slowly, and read twice as slowly.
 */
export const PAGE_CACHE = 'PRAGMA cache_size = -32768';
