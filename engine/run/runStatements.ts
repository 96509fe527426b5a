import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LEVEL_COLUMNS } from './schema.ts';

export type RunStatements = ReturnType<typeof prepareStatements>;

/** What the writer of a run says to its file, prepared once. */
export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  const columns = LEVEL_COLUMNS.map(([column]) => column);
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    token: prepare('INSERT INTO tokens VALUES (?, ?, ?, ?, ?)'),
    update: prepare('INSERT INTO updates VALUES (?, ?, ?, ?, ?, ?, ?)'),
    levelUpdate: prepare(
      `INSERT INTO level_updates (tick, block, level, ${columns.join(', ')})
       VALUES (?, ?, ?, ${columns.map(() => '?').join(', ')})`,
    ),
    stretch: prepare('INSERT INTO stretches VALUES (?, ?, ?)'),
    bookmarks: prepare('SELECT updates FROM bookmarks'),
    probe: prepare('INSERT INTO probes (prompt, answer) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    score: prepare(
      `INSERT OR REPLACE INTO probe_scores
       SELECT probe, ?, ?, ?, ?, ? FROM probes WHERE prompt = ? AND answer = ?`,
    ),
    finish: prepare('UPDATE run SET status = ?, result = ?'),
  };
}
