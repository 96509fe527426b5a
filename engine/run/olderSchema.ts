import { SCHEMA_VERSION, TABLES } from './schema.ts';

/** The oldest version that is read. Before 3 no level was a memory of an optimizer. */
export const OLDEST_VERSION = 2;

/** Whether a version has each keyframe in one blob, as those before 4 do. */
export function hasWholeKeyframes(version: number): boolean {
  return version < 4;
}

const { keyframe_pieces: _, ...others } = TABLES;
const BEFORE_PIECES = {
  ...others,
  keyframes: `CREATE TABLE keyframes (
  updates INTEGER PRIMARY KEY,
  crc32 INTEGER NOT NULL,
  fast_state BLOB NOT NULL
) STRICT`,
};

/** The tables of a version, as SQLite stores their text; undefined where it is not read. */
export function tablesOf(version: number): Readonly<Record<string, string>> | undefined {
  if (!(Number.isInteger(version) && version >= OLDEST_VERSION && version <= SCHEMA_VERSION))
    return undefined;
  return hasWholeKeyframes(version) ? BEFORE_PIECES : TABLES;
}
