import { resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Update } from '../protocol/index.ts';
import { floatsOf, updateChecksum } from './checksum.ts';
import type { Keyframe } from './keyframe.ts';
import { KeyframeReader } from './keyframeReader.ts';
import { hasWholeKeyframes } from './olderSchema.ts';
import { openRunFile, readHeader, readStatus } from './openRunFile.ts';
import { tracksOf } from './overview.ts';
import { type RunDetails, readDetails } from './runDetails.ts';
import { damaged, guarded, RunFileError } from './runFileError.ts';
import { metricsPerUpdate, type RunHeader, type RunStatus } from './runHeader.ts';
import { type RunTokens, readTokens } from './runTokens.ts';

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
  readonly #losses: StatementSync;
  readonly #stretches: StatementSync;
  readonly #keyframes: KeyframeReader;

  /** @throws RunFileError when the file is missing, not a run, of another version, damaged or cut off. */
  static open(path: string): RunReader {
    const file = resolve(path);
    const { database, version } = openRunFile(file);
    try {
      return guarded(file, () => new RunReader(file, database, version));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  private constructor(path: string, database: DatabaseSync, version: number) {
    this.path = path;
    this.#database = database;
    this.#keyframes = new KeyframeReader(database, path, hasWholeKeyframes(version));
    this.header = readHeader(database, path);
    this.#count = database.prepare('SELECT coalesce(max(tick) + 1, 0) AS count FROM updates');
    this.#losses = database.prepare(
      'SELECT tick, loss FROM updates WHERE tick >= ? AND tick < ? ORDER BY tick',
    );
    this.#stretches = database.prepare('SELECT * FROM stretches WHERE stretch >= ? AND stretch < ?');
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

  /** Mean surprise of updates `from` up to, not including, `to`; NaN where it was that. Nothing else of them is read. */
  losses(from: number, to: number): number[] {
    return guarded(this.path, () =>
      this.#losses.all(from, to).map(({ tick, loss }, i) => {
        if (tick !== from + i) throw damaged(this.path, `update ${from + i} is missing`);
        return typeof loss === 'number' ? loss : Number.NaN;
      }),
    );
  }

  /**
   * Stretches of `STRETCH` updates `from` up to, not including, `to`, each condensed as `OverviewColumns` does to one
   * column. One that is damaged or not there is undefined: its updates tell the same.
   */
  stretches(from: number, to: number): (Float32Array | undefined)[] {
    return guarded(this.path, () => {
      const { blocks, levels } = this.header;
      const found = Array<Float32Array | undefined>(Math.max(0, to - from));
      for (const { stretch, tracks, crc32: checksum } of this.#stretches.all(from, to)) {
        if (!(tracks instanceof Uint8Array) || crc32(tracks) !== checksum) continue;
        if (tracks.byteLength !== tracksOf(blocks * levels.length) * 4) continue;
        found[Number(stretch) - from] = floatsOf(tracks);
      }
      return found;
    });
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

  /** Tokens of the text recorded so far: all, or its beginning where the first pass was cut short. */
  get tokensCount(): number {
    return guarded(this.path, () => {
      const row = this.#database.prepare('SELECT count(*) AS count FROM tokens').get();
      return this.#integer(row?.count, 'the number of tokens');
    });
  }

  /** Tokens `first` up to, not including, `end`; fewer where the run ends before. */
  tokens(first = 0, end = Number.MAX_SAFE_INTEGER): RunTokens {
    const last = Math.min(end, this.tokensCount);
    return guarded(this.path, () => readTokens(this.#database, this.path, first, last));
  }

  /** Bookmarks, probes with their scores, and how much was read. */
  details(): RunDetails {
    return guarded(this.path, () => readDetails(this.#database, this.path));
  }

  /** Updates after which there is a keyframe, in order. */
  keyframes(): number[] {
    return guarded(this.path, () => {
      const rows = this.#database.prepare('SELECT updates FROM keyframes ORDER BY updates').all();
      return rows.map(row => this.#integer(row.updates, 'a keyframe'));
    });
  }

  /**
   * The latest intact keyframe of at most `updates` updates; recomputing from an earlier one gives the same state,
   * only later. @param known answers a keyframe that others are packed against, read from the file where omitted
   * @returns undefined when the run has none there. @throws RunFileError when all of them are damaged.
   */
  lastKeyframe(
    updates = Number.MAX_SAFE_INTEGER,
    known?: (updates: number) => Keyframe,
  ): Keyframe | undefined {
    return this.#atOneMoment(() => {
      let failure: RunFileError | undefined;
      for (const at of this.keyframes().reverse()) {
        if (at > updates) continue;
        try {
          return this.keyframe(at, known);
        } catch (error) {
          if (!(error instanceof RunFileError)) throw error;
          failure ??= error;
        }
      }
      if (failure) throw failure;
      return undefined;
    });
  }

  /** The keyframe after exactly so many updates. @throws RunFileError where it is damaged or not there */
  keyframe(updates: number, known?: (updates: number) => Keyframe): Keyframe {
    return this.#atOneMoment(() => {
      if (updates <= this.updatesCount) return this.#keyframes.read(updates, known);
      throw damaged(this.path, `a keyframe cannot hold ${updates} updates`);
    });
  }

  /** In one transaction: meanwhile the writer may drop keyframes that are listed. */
  #atOneMoment<T>(read: () => T): T {
    return guarded(this.path, () => {
      if (this.#database.isTransaction) return read();
      this.#database.exec('BEGIN');
      try {
        return read();
      } finally {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      }
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #integer(value: unknown, what: string): number {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw damaged(this.path, `${what} cannot be ${value}`);
  }
}
