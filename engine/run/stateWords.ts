/** A state, which is a safetensors file, as the words of its numbers and the rest. */
export interface StateWords {
  /** Where the numbers begin; 0 where the state is no safetensors file. */
  readonly begin: number;
  /** Bits of its numbers, where they lie or copied to a place where a view can begin. */
  readonly words: Uint32Array;
}

export function wordsOf(state: Uint8Array): StateWords {
  const begin = numbersBegin(state);
  const { buffer, byteOffset } = state;
  const count = (state.length - begin) >>> 2;
  if ((byteOffset + begin) % 4 === 0) {
    return { begin, words: new Uint32Array(buffer, byteOffset + begin, count) };
  }
  return { begin, words: new Uint32Array(new Uint8Array(state.subarray(begin, begin + 4 * count)).buffer) };
}

/** After the length field and the header. */
function numbersBegin({ buffer, byteOffset, length }: Uint8Array): number {
  if (length < 8) return 0;
  const begin = 8n + new DataView(buffer, byteOffset).getBigUint64(0, true);
  return begin <= BigInt(length) ? Number(begin) : 0;
}
