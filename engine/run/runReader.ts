import { resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Update } from '../protocol/index.ts';
import { floatsOf, updateChecksum } from './checksum.ts';
import { openRunFile, readHeader, readStatus } from './openRunFile.ts';
import { damaged, guarded, RunFileError } from './runFileError.ts';
import { metricsPerUpdate, type RunHeader, type RunStatus } from './runHeader.ts';

/** The text of a run as tokens: vocabulary ids, and where each lies in the text in UTF-16 units. */
export interface RunTokens {
  readonly ids: Int32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

export interface Keyframe {
  /** Updates that the state holds. */
  readonly updates: number;
  /** A safetensors file. */
  readonly fastState: Uint8Array;
}

/** Updates read from disk at once, so that a long iteration never keeps the writer's log from being emptied. */
const BATCH = 256;

type Row = ReturnType<StatementSync['all']>[number];

/**
 * Reads a run, finished or not, and also while another process writes it. Nothing in the file is trusted:
 * every method throws RunFileError where the content contradicts itself.
 */
export class RunReader {
  readonly path: string;
  readonly header: RunHeader;
  readonly #database: DatabaseSync;
  readonly #count: StatementSync;
  readonly #updates: StatementSync;

  /** @throws RunFileError when the file is missing, not a run, of another version, damaged or cut off. */
  static open(path: string): RunReader {
    const file = resolve(path);
    const database = openRunFile(file);
    try {
      return guarded(file, () => new RunReader(file, database));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  private constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#database = database;
    this.header = readHeader(database, path);
    this.#count = database.prepare('SELECT coalesce(max(tick) + 1, 0) AS count FROM updates');
    this.#updates = database.prepare('SELECT * FROM updates WHERE tick >= ? AND tick < ? ORDER BY tick');
  }

  /** `running` while the writer runs, and for ever when it died. */
  get status(): RunStatus {
    return guarded(this.path, () => readStatus(this.#database, this.path));
  }

  /** Updates committed so far. */
  get updatesCount(): number {
    return guarded(this.path, () => this.#integer(this.#count.get()?.count, 'the number of updates'));
  }

  /** @throws RangeError when the run has no such update. */
  update(index: number): Update {
    const [update] = this.#read(index, index + 1);
    if (!update) throw new RangeError(`the run has no update ${index}, only ${this.updatesCount}`);
    return update;
  }

  /** Updates `from` up to, not including, `to`, in order. */
  *updates(from = 0, to = this.updatesCount): Generator<Update, void, undefined> {
    for (let at = from; at < to; at += BATCH) yield* this.#read(at, Math.min(at + BATCH, to));
  }

  #read(from: number, to: number): Update[] {
    return guarded(this.path, () => this.#updates.all(from, to).map((row, i) => this.#decode(row, from + i)));
  }

  #decode({ tick, position, tokens, loss, metrics, surprise, crc32: checksum }: Row, index: number): Update {
    if (tick !== index) throw damaged(this.path, `update ${index} is missing`);
    const wrong = () => damaged(this.path, `update ${index} does not match its checksum`);
    if (!(metrics instanceof Uint8Array) || !(surprise instanceof Uint8Array)) throw wrong();
    if (metrics.byteLength !== metricsPerUpdate(this.header) * 4) throw wrong();
    if (typeof tokens !== 'number' || surprise.byteLength !== tokens * 4) throw wrong();
    const update: Update = {
      index,
      position: this.#integer(position, `the position of update ${index}`),
      // SQLite keeps NaN as NULL.
      loss: typeof loss === 'number' ? loss : Number.NaN,
      surprise: floatsOf(surprise),
      metrics: floatsOf(metrics),
    };
    if (updateChecksum(update) !== checksum) throw wrong();
    return update;
  }

  /** All tokens recorded so far: the whole text, or its beginning where the first pass was cut short. */
  tokens(): RunTokens {
    return guarded(this.path, () => {
      const found = this.#database.prepare('SELECT count(*) AS count FROM tokens').get()?.count;
      const count = this.#integer(found, 'the number of tokens');
      const ids = new Int32Array(count);
      const starts = new Uint32Array(count);
      const ends = new Uint32Array(count);
      let at = 0;
      const rows = this.#database
        .prepare('SELECT * FROM tokens WHERE token < ? ORDER BY token')
        .iterate(count);
      for (const { token, id, start_utf16, end_utf16 } of rows) {
        ids[at] = Number(id);
        starts[at] = Number(start_utf16);
        ends[at] = Number(end_utf16);
        const whole = ids[at] === id && starts[at] === start_utf16 && ends[at] === end_utf16;
        if (token !== at || !whole || ids[at] < 0 || starts[at] > ends[at]) {
          throw damaged(this.path, `token ${at} is missing or makes no sense`);
        }
        at += 1;
      }
      if (at !== count) throw damaged(this.path, `${count - at} of ${count} tokens are missing`);
      return { ids, starts, ends };
    });
  }

  /**
   * The latest keyframe that is intact; recomputing from an earlier one gives the same state, only later.
   * @returns undefined when the run has none. @throws RunFileError when all are damaged.
   */
  lastKeyframe(): Keyframe | undefined {
    return guarded(this.path, () => {
      // One transaction: meanwhile the writer may replace the keyframes that are listed.
      this.#database.exec('BEGIN');
      try {
        return this.#latestIntact();
      } finally {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      }
    });
  }

  #latestIntact(): Keyframe | undefined {
    const rows = this.#database.prepare('SELECT updates FROM keyframes ORDER BY updates DESC').all();
    let failure: RunFileError | undefined;
    for (const row of rows) {
      try {
        return guarded(this.path, () => this.#keyframe(this.#integer(row.updates, 'a keyframe')));
      } catch (error) {
        if (!(error instanceof RunFileError)) throw error;
        failure ??= error;
      }
    }
    if (failure) throw failure;
    return undefined;
  }

  #keyframe(updates: number): Keyframe {
    const row = this.#database
      .prepare('SELECT crc32, fast_state FROM keyframes WHERE updates = ?')
      .get(updates);
    const fastState = row?.fast_state;
    if (
      !(fastState instanceof Uint8Array) ||
      crc32(fastState) !== row?.crc32 ||
      updates > this.updatesCount
    ) {
      throw damaged(this.path, `the keyframe after ${updates} updates does not match its checksum`);
    }
    return { updates, fastState };
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #integer(value: unknown, what: string): number {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw damaged(this.path, `${what} cannot be ${value}`);
  }
}
