/** One tick of training: inputs and the token that follows each. */
export interface Tick {
  /** Stream position of the first token. */
  readonly position: number;
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  /** True for the last tick of the last pass, which may be shorter. */
  readonly last: boolean;
}

/**
 * The stream that online training reads: every pass is a document, `<|endoftext|>` and then the text, so token i of
 * pass p is predicted at stream position p · N + i. Ticks run on across passes. The text arrives in pieces during
 * the first pass and is kept as token ids for the others.
 */
export class TokenStream {
  private ids = new Int32Array(1024);
  private length = 0;
  private complete = false;

  /** @param pieces token ids of the text, in order @param epochs passes over the text */
  constructor(
    private readonly pieces: Iterable<{ readonly ids: Int32Array }>,
    private readonly endOfText: number,
    readonly epochs: number,
    private readonly tick: number,
  ) {}

  /** Tokens of the text read so far; all of them once the first pass is over. */
  get tokens(): number {
    return this.length;
  }

  /** Whether the text was tokenised to its end. */
  get known(): boolean {
    return this.complete;
  }

  *[Symbol.iterator](): Generator<Tick> {
    let held: Tick | undefined;
    for (const next of this.ticks()) {
      if (held) yield held;
      held = next;
    }
    if (held) yield { ...held, last: true };
  }

  private *ticks(): Generator<Tick> {
    let inputs = new Int32Array(this.tick);
    let targets = new Int32Array(this.tick);
    let filled = 0;
    let position = 0;
    for (let epoch = 0; epoch < this.epochs; epoch++) {
      let previous = this.endOfText;
      for (const id of epoch === 0 ? this.firstPass() : this.ids.subarray(0, this.length)) {
        inputs[filled] = previous;
        targets[filled] = id;
        previous = id;
        if (++filled < this.tick) continue;
        yield { position, inputs, targets, last: false };
        position += filled;
        filled = 0;
        inputs = new Int32Array(this.tick);
        targets = new Int32Array(this.tick);
      }
    }
    if (filled) {
      yield { position, inputs: inputs.slice(0, filled), targets: targets.slice(0, filled), last: false };
    }
  }

  private *firstPass(): Generator<number> {
    for (const { ids } of this.pieces) {
      const from = this.length;
      this.append(ids);
      for (let i = from; i < this.length; i++) yield this.ids[i];
    }
    this.complete = true;
  }

  private append(ids: Int32Array): void {
    if (this.length + ids.length > this.ids.length) {
      const grown = new Int32Array(Math.max(2 * this.ids.length, this.length + ids.length));
      grown.set(this.ids.subarray(0, this.length));
      this.ids = grown;
    }
    this.ids.set(ids, this.length);
    this.length += ids.length;
  }
}
