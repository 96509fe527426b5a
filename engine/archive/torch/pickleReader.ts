import { PickleError } from './pickleError.ts';

// Numbers of any real pickle have a few bytes.
const longestInteger = 256;

/** Reads the arguments of the operations of a pickle, never past the end of its bytes. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A length; one that no file can have is refused when it is taken. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** Big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.slice(start, start + length);
  }

  text(length: number): string {
    const start = this.#take(length);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString('utf8');
  }

  /** Up to the next line feed, which is left out. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) throw new PickleError('a line has no end', this.at, true);
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  /** Two's complement, little-endian. */
  integer(length: number): number | bigint {
    if (length < 0 || length > longestInteger) {
      throw new PickleError(`a whole number of ${length} bytes is not read`, this.at);
    }
    const bytes = this.bytes(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    return narrow(length ? BigInt.asIntN(8 * length, value) : 0n);
  }

  /** A whole number written in digits. */
  digits(text: string): number | bigint {
    if (!/^-?\d{1,600}L?$/.test(text)) throw new PickleError('a whole number cannot be read', this.at);
    return narrow(BigInt(text.replace('L', '')));
  }

  #take(length: number): number {
    const start = this.at;
    if (!(length <= this.#bytes.length - start)) throw new PickleError('it ends too early', start, true);
    this.at += length;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
