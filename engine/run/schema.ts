/** 'HOPE', the number by which `file` and SQLite tell a run from other databases. */
export const APPLICATION_ID = 0x484f5045;

/**
 * Kept in `user_version`. Raised with every change of the tables, of what is in them or of METRICS; described in
 * docs/run-file.md.
 */
export const SCHEMA_VERSION = 4;

/**
 * The tables, as SQLite stores their text: a reader compares it, so a file can neither lack a column nor put a
 * view with a query of its own in a table's place.
 */
export const TABLES = {
  run: `CREATE TABLE run (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  run_id TEXT NOT NULL,
  title TEXT NOT NULL,
  model_name TEXT NOT NULL,
  model_sha256 TEXT NOT NULL,
  tokenizer_sha256 TEXT NOT NULL,
  engine_version TEXT NOT NULL,
  backend TEXT NOT NULL,
  created_at TEXT NOT NULL,
  blocks INTEGER NOT NULL,
  options TEXT NOT NULL,
  metrics TEXT NOT NULL,
  first_tick INTEGER NOT NULL,
  probe_interval INTEGER NOT NULL,
  storage_budget INTEGER NOT NULL,
  parent_run_id TEXT,
  parent_updates INTEGER,
  parent_change TEXT,
  status TEXT NOT NULL,
  result TEXT
) STRICT`,
  levels: `CREATE TABLE levels (
  level INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  period INTEGER NOT NULL
) STRICT`,
  tokens: `CREATE TABLE tokens (
  token INTEGER PRIMARY KEY,
  id INTEGER NOT NULL,
  start_utf16 INTEGER NOT NULL,
  end_utf16 INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT`,
  updates: `CREATE TABLE updates (
  tick INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  loss REAL,
  metrics BLOB NOT NULL,
  surprise BLOB NOT NULL,
  crc32 INTEGER NOT NULL
) STRICT`,
  level_updates: `CREATE TABLE level_updates (
  tick INTEGER NOT NULL REFERENCES updates,
  block INTEGER NOT NULL,
  level INTEGER NOT NULL REFERENCES levels,
  gradient_norm REAL,
  delta_norm REAL,
  weight_norm REAL,
  drift REAL,
  lss REAL,
  eta REAL,
  alpha REAL,
  PRIMARY KEY (tick, block, level)
) STRICT, WITHOUT ROWID`,
  probes: `CREATE TABLE probes (
  probe INTEGER PRIMARY KEY,
  prompt TEXT NOT NULL,
  answer TEXT NOT NULL,
  UNIQUE (prompt, answer)
) STRICT`,
  probe_scores: `CREATE TABLE probe_scores (
  probe INTEGER NOT NULL REFERENCES probes,
  updates INTEGER NOT NULL,
  probability REAL,
  rank INTEGER,
  mean_log_probability REAL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (probe, updates)
) STRICT, WITHOUT ROWID`,
  keyframes: `CREATE TABLE keyframes (
  updates INTEGER PRIMARY KEY,
  bytes INTEGER NOT NULL,
  numbers_begin INTEGER NOT NULL,
  relative_to INTEGER REFERENCES keyframes
) STRICT`,
  keyframe_pieces: `CREATE TABLE keyframe_pieces (
  updates INTEGER NOT NULL REFERENCES keyframes,
  piece INTEGER NOT NULL,
  packed BLOB NOT NULL,
  crc32 INTEGER NOT NULL,
  PRIMARY KEY (updates, piece)
) STRICT, WITHOUT ROWID`,
  stretches: `CREATE TABLE stretches (
  stretch INTEGER PRIMARY KEY,
  tracks BLOB NOT NULL,
  crc32 INTEGER NOT NULL
) STRICT`,
  bookmarks: `CREATE TABLE bookmarks (
  updates INTEGER PRIMARY KEY,
  note TEXT NOT NULL
) STRICT`,
} as const;

/** Read by people only. */
export const VIEWS = {
  level_history: `CREATE VIEW level_history AS
SELECT tick, position, u.tokens, loss, block, name AS level, period,
  delta_norm / weight_norm AS rho, gradient_norm, delta_norm, weight_norm, drift, lss, eta, alpha
FROM level_updates JOIN updates AS u USING (tick) JOIN levels USING (level)`,

  // SQL has no cast from bytes to float: the four bytes are put together by hand, sign, exponent, mantissa.
  surprise: `CREATE VIEW surprise AS
WITH RECURSIVE
  nth(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM nth WHERE i + 1 < (SELECT max(tokens) FROM updates)),
  digits(tick, position, h) AS (
    SELECT tick, position + i, hex(substr(surprise, i * 4 + 4, 1)) || hex(substr(surprise, i * 4 + 3, 1))
      || hex(substr(surprise, i * 4 + 2, 1)) || hex(substr(surprise, i * 4 + 1, 1))
    FROM updates JOIN nth ON i < tokens),
  words(tick, position, w) AS (
    SELECT tick, position, ${Array.from(
      { length: 8 },
      (_, i) => `(instr('123456789ABCDEF', substr(h, ${i + 1}, 1)) << ${28 - i * 4})`,
    ).join(' | ')} FROM digits),
  floats(tick, position, negative, exponent, mantissa) AS (
    SELECT tick, position, w >> 31, (w >> 23) & 255, (w & 8388607) | 8388608 FROM words)
SELECT tick, position, CASE
    WHEN exponent = 255 AND mantissa > 8388608 THEN NULL
    WHEN exponent > 212 THEN 9e999
    WHEN exponent >= 150 THEN mantissa * (1.0 * (1 << (exponent - 150)))
    WHEN exponent >= 88 THEN mantissa / (1.0 * (1 << (150 - exponent)))
    ELSE 0.0 END * (1 - 2 * negative) AS surprise
FROM floats`,
} as const;

/** Creates everything in an empty database. */
export const CREATE_ALL = [...Object.values(TABLES), ...Object.values(VIEWS)].join(';\n');

/** Columns of `level_updates` after its key, with the metric that each holds. */
export const LEVEL_COLUMNS = [
  ['gradient_norm', 'gradientNorm'],
  ['delta_norm', 'deltaNorm'],
  ['weight_norm', 'weightNorm'],
  ['drift', 'drift'],
  ['lss', 'lss'],
  ['eta', 'eta'],
  ['alpha', 'alpha'],
] as const;
