/** Offsets of a text as lines and columns from 1, lines ending as VS Code has them: \n, \r\n or \r. */
export class LineStarts {
  readonly #starts: number[] = [0];
  readonly #length: number;

  constructor(text: string) {
    this.#length = text.length;
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) this.#starts.push(index + end.length);
  }

  at(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#starts[low] + 1 };
  }

  /** A place past the end of its line is the start of the next one; one past the end of the text is its end. */
  offset(line: number, column: number): number {
    if (line < 1) return 0;
    const start = this.#starts[line - 1] ?? this.#length;
    return Math.min(start + Math.max(0, column - 1), this.#starts[line] ?? this.#length);
  }
}
