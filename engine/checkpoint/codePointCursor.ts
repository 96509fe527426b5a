/** Walks a text by UTF-8 bytes and tells the UTF-16 ranges they belong to. Lone surrogates count 3 bytes (U+FFFD). */
export class CodePointCursor {
  #unit = 0;
  /** Bytes of the code point at `#unit` that are already passed. */
  #passed = 0;

  constructor(private readonly text: string) {}

  /** Passes `bytes` bytes; a range that begins or ends inside a code point covers it whole. */
  advance(bytes: number): [start: number, end: number] {
    const start = this.#unit;
    let end = start;
    for (let left = bytes; left > 0; ) {
      const code = this.text.codePointAt(this.#unit) ?? 0;
      const rest = byteLength(code) - this.#passed;
      end = this.#unit + (code > 0xffff ? 2 : 1);
      if (left < rest) {
        this.#passed += left;
        return [start, end];
      }
      left -= rest;
      this.#unit = end;
      this.#passed = 0;
    }
    return [start, end];
  }
}

function byteLength(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
