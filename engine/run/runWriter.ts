import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { METRIC_INDEX, type Probe, type ProbeScore, type Update } from '../protocol/index.ts';
import { bytesOf, updateChecksum } from './checksum.ts';
import { type KeptKeyframe, keyframesToDrop } from './keyframeBudget.ts';
import { KeyframeWriter } from './keyframeWriter.ts';
import { createRunFile } from './newRunFile.ts';
import { condense, STRETCH } from './overview.ts';
import { guarded } from './runFileError.ts';
import { metricsPerUpdate, type RunHeader, type RunStatus } from './runHeader.ts';
import { prepareStatements, type RunStatements } from './runStatements.ts';
import { LEVEL_COLUMNS } from './schema.ts';
import { WorkerHandle } from './workerHandle.ts';
import { WriteAheadLog } from './writeAheadLog.ts';

/** About what the commit of updates adds to the log: the pages that it changes, and what each of them takes. */
const COMMIT_BYTES = 130_000;
const UPDATE_BYTES = 1300;

/**
 * Share of the budget from which on keyframes are packed. As long as there is room they are written as they are: to pack
 * one keeps a core busy for longer than to write what it saves.
 */
const PACK_FROM = 0.5;

/**
 * Records one run. Every method that returns has committed: what it wrote survives the end of this process. Only a
 * keyframe that was given to the worker may still be on its way.
 */
export class RunWriter {
  readonly path: string;
  readonly #header: RunHeader;
  readonly #database: DatabaseSync;
  readonly #statements: RunStatements;
  readonly #keyframeWriter: KeyframeWriter;
  readonly #worker: WorkerHandle;
  readonly #log: WriteAheadLog;
  #tokens = 0;
  #updates = 0;
  /** Updates of the stretch that is not yet full. */
  #stretch: Update[] = [];
  #keyframes: readonly KeptKeyframe[] = [];
  /** What the worker writes, and the keyframes before. */
  #given: (KeptKeyframe & { fastState: Uint8Array; before: readonly KeptKeyframe[] }) | undefined;

  /** Starts a run file. @throws RunFileError when the path is taken or cannot be written. */
  static create(path: string, header: RunHeader): RunWriter {
    const file = resolve(path);
    return new RunWriter(file, header, createRunFile(file, header));
  }

  private constructor(path: string, header: RunHeader, database: DatabaseSync) {
    this.path = path;
    this.#header = header;
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#keyframeWriter = new KeyframeWriter(database);
    this.#worker = new WorkerHandle(path);
    this.#log = new WriteAheadLog(this.#worker, database);
  }

  /** Updates recorded so far. */
  get updates(): number {
    return this.#updates;
  }

  /** Updates that the last keyframe holds; −1 before the first. */
  get lastKeyframeAt(): number {
    return this.#keyframes.at(-1)?.updates ?? -1;
  }

  /**
   * Records the next tokens of the text: vocabulary ids, where each lies in the text in UTF-16 units, and its own text.
   * @param first Index of the first of them. @throws RangeError unless it follows the tokens recorded before.
   */
  appendTokens(
    first: number,
    ids: Int32Array,
    starts: Uint32Array,
    ends: Uint32Array,
    texts: readonly string[],
  ): void {
    if (first !== this.#tokens) throw new RangeError(`token ${first} does not follow ${this.#tokens} tokens`);
    if (starts.length !== ids.length || ends.length !== ids.length || texts.length !== ids.length) {
      throw new RangeError(
        `${ids.length} tokens have ${starts.length} starts, ${ends.length} ends and ${texts.length} texts`,
      );
    }
    this.#transaction(() => {
      ids.forEach((id, i) => {
        this.#statements.token.run(first + i, id, starts[i], ends[i], texts[i]);
      });
    });
    this.#tokens += ids.length;
  }

  /** Whether the worker has the file for itself: until it is done, whatever is written here has to wait. */
  get occupied(): boolean {
    return this.#worker.occupied;
  }

  /** Whether a keyframe that was given away is not written yet. */
  get keyframeUnderWay(): boolean {
    return this.#given !== undefined && this.#worker.writing;
  }

  /** Records updates in one transaction. @throws RangeError when they are not the next, or not of the run's shape. */
  append(...updates: readonly Update[]): void {
    const expected = metricsPerUpdate(this.#header);
    updates.forEach(({ index, metrics }, i) => {
      if (index !== this.#updates + i) {
        throw new RangeError(`update ${index} does not follow ${this.#updates + i} updates`);
      }
      if (metrics.length !== expected) {
        throw new RangeError(`update ${index} has ${metrics.length} metrics, expected ${expected}`);
      }
    });
    let stretch = [...this.#stretch];
    this.#transaction(
      () => {
        for (const update of updates) {
          stretch.push(update);
          this.#appendUpdate(update);
          if (stretch.length < STRETCH) continue;
          this.#appendStretch(stretch);
          stretch = [];
        }
      },
      COMMIT_BYTES + UPDATE_BYTES * updates.length,
    );
    this.#updates += updates.length;
    this.#stretch = stretch;
  }

  #appendUpdate(update: Update): void {
    const { index, position, loss, surprise, metrics } = update;
    const crc = updateChecksum(update);
    const values = [bytesOf(metrics), bytesOf(surprise), crc] as const;
    this.#statements.update.run(index, position, surprise.length, loss, ...values);
    this.#appendFired(index, metrics);
  }

  /** What the overview of a long run is drawn from. */
  #appendStretch(updates: readonly Update[]): void {
    const { blocks, levels } = this.#header;
    const tracks = bytesOf(condense(updates, blocks, levels.length));
    this.#statements.stretch.run(updates[0].index / STRETCH, tracks, crc32(tracks));
  }

  /** One row a level that fired, for SQL; the numbers of the others are in the update's `metrics` only. */
  #appendFired(tick: number, metrics: Float32Array): void {
    const levels = this.#header.levels.length;
    const group = this.#header.metrics.length;
    for (let at = 0; at < metrics.length; at += group) {
      if (metrics[at + METRIC_INDEX.fired] !== 1) continue;
      const row = at / group;
      const values = LEVEL_COLUMNS.map(([, metric]) => metrics[at + METRIC_INDEX[metric]]);
      this.#statements.levelUpdate.run(tick, Math.floor(row / levels), row % levels, ...values);
    }
  }

  /**
   * Records the full fast state after `updates` updates; one after as many updates as the last replaces it. Where
   * they would take more than the run's budget, others are dropped, evenly along the run; the first, the last and
   * those at a bookmark stay.
   * @param fastState A safetensors file. @throws RangeError when it lies before the last keyframe or past the last update.
   */
  keyframe(updates: number, fastState: Uint8Array): void {
    this.settle();
    const { dropped, kept } = this.#place(updates, fastState);
    this.#transaction(() => {
      for (const at of dropped) this.#keyframeWriter.drop(at);
      this.#keyframeWriter.insert({ updates, fastState });
    }, fastState.byteLength);
    this.#keyframes = kept;
  }

  /**
   * As `keyframe`, but a worker writes it while training goes on, packed where room gets short; `settle` tells when
   * that is done.
   * @param fastState in shared memory that stays as it is until then
   */
  giveKeyframe(updates: number, fastState: Uint8Array): void {
    this.settle();
    const { dropped, kept } = this.#place(updates, fastState);
    const taken = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    const packed = taken > PACK_FROM * this.#header.storageBudget;
    if (!this.#worker.writeKeyframe({ updates, fastState, dropped, packed })) {
      this.keyframe(updates, fastState);
      return;
    }
    this.#given = { updates, bytes: fastState.byteLength, fastState, before: this.#keyframes };
    this.#keyframes = kept;
  }

  /**
   * Waits until the keyframe that was given to the worker is in the file, and writes it where the worker could not.
   * @returns seconds that the worker was busy since the keyframe before, 0 where it wrote none @throws RunFileError
   */
  settle(): number {
    const given = this.#given;
    if (!given) return 0;
    const written = this.#worker.settleKeyframe();
    this.#given = undefined;
    if (written) {
      const { bytesWritten: bytes } = this.#worker;
      this.#keyframes = [...this.#keyframes.slice(0, -1), { updates: given.updates, bytes }];
      this.#log.grown(bytes);
      return this.#worker.takeSeconds();
    }
    this.#keyframes = given.before;
    this.keyframe(given.updates, given.fastState);
    return 0;
  }

  /** Which keyframes there would be with one more, and which would go. */
  #place(updates: number, { byteLength: bytes }: Uint8Array) {
    if (!Number.isInteger(updates) || updates < this.lastKeyframeAt || updates > this.#updates) {
      throw new RangeError(
        `a keyframe after ${updates} updates does not lie between the last one, after ${this.lastKeyframeAt}, ` +
          `and the last of ${this.#updates} updates`,
      );
    }
    const all = [...this.#keyframes.filter(keyframe => keyframe.updates !== updates), { updates, bytes }];
    const pinned = new Set(this.#statements.bookmarks.all().map(row => Number(row.updates)));
    const over = keyframesToDrop(all, pinned, this.#header.storageBudget);
    return {
      dropped: [...over, updates],
      kept: all.filter(keyframe => !over.includes(keyframe.updates)),
    };
  }

  /** Records a probe's score on the fast state after `updates` updates; a later score there replaces it. */
  appendProbe(probe: Probe, updates: number, score: ProbeScore): void {
    const { probability, rank, meanLogProbability, tokens } = score;
    this.#transaction(() => {
      this.#statements.probe.run(probe.prompt, probe.answer);
      this.#statements.score.run(
        updates,
        probability,
        rank,
        meanLogProbability,
        tokens,
        probe.prompt,
        probe.answer,
      );
    });
  }

  /** Records how the run ended. @param result Anything JSON can hold; the result of the training, say. */
  finish(status: Exclude<RunStatus, 'running'>, result?: object): void {
    const text = result === undefined ? null : JSON.stringify(result);
    this.#transaction(() => {
      this.#statements.finish.run(status, text);
    });
  }

  /** Closes the file and leaves it whole, without `-wal` and `-shm` beside it where nobody else has it open. */
  close(): void {
    if (!this.#database.isOpen) return;
    try {
      this.settle();
    } catch {
      // The state can be computed again from the keyframe before.
    }
    guarded(this.path, () => {
      this.#worker.close();
      try {
        // A reader that has the file open keeps it in WAL mode; then at least nothing stays in the WAL.
        this.#database.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
        this.#database.exec('PRAGMA journal_mode = DELETE');
      } catch {
        // Committed updates are safe in either mode.
      } finally {
        this.#database.close();
      }
    });
  }

  /** @param bytes about as many as it writes */
  #transaction(action: () => void, bytes = COMMIT_BYTES): void {
    guarded(this.path, () => {
      this.#worker.settle();
      this.#statements.begin.run();
      try {
        action();
        this.#statements.commit.run();
        this.#log.grown(bytes);
      } catch (error) {
        // A full disk makes SQLite roll back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }
}
