import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Tick, TokenPlaces } from '../tokenPlaces.ts';
import type { Trigger } from './trigger.ts';

/** A breakpoint on a line of the text, or on a place in it. */
export class LineBreakpoint {
  readonly id: number;
  readonly asked: { readonly line: number; readonly column?: number };
  readonly trigger?: Trigger;
  readonly #problem?: string;
  /** Tokens it is on, end exclusive. */
  #from = -1;
  #to = -1;
  #place?: { readonly line: number; readonly column: number };

  constructor(
    id: number,
    asked: { readonly line: number; readonly column?: number },
    trigger: Trigger | string,
  ) {
    this.id = id;
    this.asked = asked;
    if (typeof trigger === 'string') this.#problem = trigger;
    else this.trigger = trigger;
  }

  /** The same breakpoint set again goes on with its count. */
  get key(): string {
    return JSON.stringify([this.asked.line, this.asked.column, this.trigger?.text]);
  }

  /** The line it came to stand on. */
  get line(): number {
    return this.#place?.line ?? this.asked.line;
  }

  get verified(): boolean {
    return this.#problem === undefined && this.#from >= 0;
  }

  /** Looks for its tokens: the first that show at its place or, where none do, on the next line that has some. */
  resolve(places: TokenPlaces): void {
    if (this.verified) return;
    const { line, column } = this.asked;
    const from = places.tokenFrom(line, column);
    const place = from === undefined ? undefined : places.startOf(from);
    if (from === undefined || !place) return;
    this.#place = place;
    this.#from = from;
    const next = column === undefined ? places.tokenFrom(place.line + 1) : undefined;
    this.#to = column === undefined ? (next ?? places.tokens) : from + 1;
  }

  /** Whether the training is about to read it, for a breakpoint that looks at no numbers. */
  isAhead(tick: Tick, places: TokenPlaces): boolean {
    return this.verified && !this.trigger?.looksBack && places.reads(tick, this.#from);
  }

  /** Whether an update read any of its tokens, for a breakpoint that looks at numbers. */
  wasRead(tick: Tick, places: TokenPlaces): boolean {
    if (!this.verified || !this.trigger?.looksBack) return false;
    for (let i = 0; i < tick.count; i++) {
      const token = places.complete ? (tick.first + i) % places.tokens : tick.first + i;
      if (token >= this.#from && token < this.#to) return true;
    }
    return false;
  }

  describe(complete: boolean): DebugProtocol.Breakpoint {
    const { id } = this;
    if (this.#problem !== undefined) return { id, verified: false, message: this.#problem, ...this.asked };
    if (this.#place) {
      const column = this.asked.column === undefined ? {} : { column: this.#place.column };
      return { id, verified: true, line: this.#place.line, ...column };
    }
    const message = complete
      ? 'The text that is trained on ends before this line.'
      : 'The text is not read up to here yet.';
    return { id, verified: false, message, ...this.asked };
  }
}
