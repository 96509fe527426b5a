/** Bytes that tensors lie in, from the first to the last: a piece of a file, or what a piece of a file inflates to. */
export interface Storage {
  readonly file: string;
  /** Bytes of the file it occupies. */
  readonly begin: number;
  readonly end: number;
  readonly compressed: boolean;
  /** Bytes it holds. */
  readonly size: number;
  /** Perhaps in the memory of `into`. */
  read(begin: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
}
