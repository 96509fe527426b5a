import {
  encodeFrame,
  type Frame,
  type LevelInfo,
  METRICS,
  type TokenSpans,
  type TrainProgress,
  type TrainResult,
  type Update,
} from '../../engine/protocol/index.ts';
import { Growable } from './growable.ts';
import { type LevelTotal, LevelTotals } from './levelTotals.ts';
import { type DocumentRange, type TrainedText, toDocument } from './trainedText.ts';
import { UpdateRing } from './updateRing.ts';

const KEPT_UPDATES = 20_000;
const KEPT_BYTES = 64 * 1024 * 1024;

export interface RunStart {
  readonly id: string;
  readonly title: string;
  readonly text: TrainedText;
  readonly blocks: number;
  /** Fast to slow; `outer` is left out by the run. */
  readonly levels: readonly LevelInfo[];
}

/**
 * One training as the extension host knows it: where its tokens lie, how surprising each was when first and
 * last read, totals a level, and the newest updates in full. The run file keeps what is forgotten here.
 */
export class RunHistory {
  readonly id: string;
  readonly title: string;
  readonly text: TrainedText;
  readonly blocks: number;
  /** Fast to slow, without `outer`: the order of `Update.metrics`. */
  readonly levels: readonly LevelInfo[];
  progress: TrainProgress = { position: 0, total: 0, tokensPerSecond: 0 };
  result?: TrainResult;
  readonly #starts = new Growable(length => new Uint32Array(length));
  readonly #ends = new Growable(length => new Uint32Array(length));
  readonly #first = new Growable(length => new Float32Array(length), NaN);
  readonly #latest = new Growable(length => new Float32Array(length), NaN);
  readonly #ring: UpdateRing;
  readonly #totals: LevelTotals;
  #next = 0;

  constructor(start: RunStart, kept = KEPT_UPDATES, keptBytes = KEPT_BYTES) {
    this.id = start.id;
    this.title = start.title;
    this.text = start.text;
    this.blocks = start.blocks;
    this.levels = start.levels.filter(level => level.id !== 'outer');
    this.#totals = new LevelTotals(this.levels, this.blocks);
    this.#ring = new UpdateRing(kept, keptBytes);
  }

  get documentUri(): string {
    return this.text.documentUri;
  }
  get documentVersion(): number {
    return this.text.documentVersion;
  }
  /** Offset in the document of the first trained character. */
  get documentStart(): number {
    return this.text.segments[0]?.documentStart ?? 0;
  }
  /** Tokens of the text found so far. */
  get tokens(): number {
    return this.#starts.length;
  }
  /** Updates received so far. */
  get updates(): number {
    return this.#next;
  }
  /** Stream positions read so far. Progress is told less often than updates come, so that it may lie behind them. */
  get position(): number {
    const { last } = this.#ring;
    return Math.max(this.progress.position, last ? last.position + last.surprise.length : 0);
  }
  /** Updates still kept in full, the newest ones. */
  get keptUpdates(): number {
    return this.#ring.length;
  }
  /** Token starts and ends in the trained text, UTF-16 units; views, not to be kept. */
  get starts(): Uint32Array {
    return this.#starts.view();
  }
  get ends(): Uint32Array {
    return this.#ends.view();
  }
  /** Surprise of every token when it was first read, nats; NaN where it was not. A view, not to be kept. */
  get firstSurprise(): Float32Array {
    return this.#first.view();
  }
  /** Surprise of every token when it was last read. */
  get latestSurprise(): Float32Array {
    return this.#latest.view();
  }

  addTokens({ first, starts, ends }: TokenSpans): void {
    this.#starts.write(first, starts);
    this.#ends.write(first, ends);
  }

  /**
   * Takes new updates and returns those that were new: an index seen before is ignored.
   * @throws RangeError on an update of another shape than the run's.
   */
  append(updates: readonly Update[]): Update[] {
    const group = this.blocks * this.levels.length * METRICS.length;
    const fresh = updates.filter(update => update.index >= this.#next);
    for (const update of fresh) {
      if (update.metrics.length !== group) {
        throw new RangeError(
          `Update ${update.index} has ${update.metrics.length} numbers where the model has ${group}.`,
        );
      }
      this.#ring.push(update);
      this.#totals.add(update);
      this.#readSurprise(update);
      this.#next = update.index + 1;
    }
    return fresh;
  }

  /** The same run as it was after its first `updates` updates, as far as they are still kept in full. */
  upTo(updates: number): RunHistory {
    const run = new RunHistory(this);
    run.addTokens({ runId: this.id, first: 0, starts: this.starts, ends: this.ends });
    run.append(this.kept().filter(({ index }) => index < updates));
    return run;
  }

  /** The run that goes on where this one was cut short: what is known of its text, and none of its updates. */
  continued(id: string): RunHistory {
    const { title, text, blocks, levels } = this;
    const run = new RunHistory({ id, title, text, blocks, levels });
    run.addTokens({ runId: id, first: 0, starts: this.starts, ends: this.ends });
    run.#first.write(0, this.firstSurprise);
    run.#latest.write(0, this.latestSurprise);
    return run;
  }

  totals(): LevelTotal[] {
    return this.#totals.list();
  }

  /** The newest kept updates that together read at most `maxTokens` tokens, always at least one if there is one. */
  frame(maxTokens: number): Frame {
    let from = this.#ring.length;
    let tokens = 0;
    while (from > 0) {
      const { length } = this.#ring.at(from - 1)!.surprise;
      if (tokens > 0 && tokens + length > maxTokens) break;
      tokens += length;
      from -= 1;
    }
    return encodeFrame(this.id, this.blocks, this.levels.length, this.#ring.slice(from));
  }

  /** Updates still kept in full, oldest first. */
  kept(): readonly Update[] {
    return this.#ring.slice(0);
  }

  /** The newest kept update that read this token. */
  updateAt(token: number): Update | undefined {
    return this.lastUpdatesFor(token, 1)[0];
  }

  /** The kept updates that read this token, newest pass first. */
  lastUpdatesFor(token: number, limit = Number.POSITIVE_INFINITY): Update[] {
    const found: Update[] = [];
    const last = this.#ring.last;
    if (!last || token < 0 || token >= this.tokens) return found;
    const end = last.position + last.surprise.length;
    // Before the text is tokenised to its end no position has wrapped round, so one pass is all there is.
    const pass = this.tokens;
    for (let p = Math.floor((end - 1) / pass); p >= 0 && found.length < limit; p--) {
      const position = p * pass + token;
      if (position >= end) continue;
      if (position < this.#ring.at(0)!.position) break;
      const update = this.#ring.reading(position);
      if (update) found.push(update);
    }
    return found;
  }

  /** Token that covers an offset of the document, or undefined. */
  tokenAt(documentOffset: number): number | undefined {
    const segment = this.text.segments.find(
      s => documentOffset >= s.documentStart && documentOffset < s.documentStart + s.length,
    );
    if (!segment) return undefined;
    const offset = documentOffset - segment.documentStart + segment.textStart;
    let low = 0;
    let high = this.tokens;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends.at(middle)! <= offset) low = middle + 1;
      else high = middle;
    }
    return low < this.tokens && this.#starts.at(low)! <= offset ? low : undefined;
  }

  /** Where a token lies in the document; undefined for one that lies only in the break between selections. */
  documentRange(token: number): DocumentRange | undefined {
    const start = this.#starts.at(token);
    const end = this.#ends.at(token);
    return start === undefined || end === undefined ? undefined : toDocument(this.text, start, end);
  }

  #readSurprise(update: Update): void {
    const { tokens } = this;
    update.surprise.forEach((surprise, i) => {
      const position = update.position + i;
      const token = tokens > 0 && position >= tokens ? position % tokens : position;
      this.#latest.set(token, surprise);
      if (Number.isNaN(this.#first.at(token) ?? NaN)) this.#first.set(token, surprise);
    });
  }
}
