import { decodeValues, type Values } from '../archive/dtype.ts';
import { PIECE_BYTES, type PieceMemory } from '../archive/values.ts';
import { type Loops, openLoops } from './loops.ts';

const lanes = 2;
/** Two pieces in turn, and one that is widened. */
const laneBytes = 3 * PIECE_BYTES;
// In front: sums that the loops add to.
const sumsBytes = 4096;
// Kept for the next tensor; more are only needed while as many requests run at once.
const mostIdle = 2;
const idle: Workspace[] = [];

/**
 * Memory in which up to two tensors are gone through by the loops of `assembly/`. Pieces are read into it, so that no
 * value is copied on its way.
 */
export class Workspace {
  readonly loops: Loops;
  readonly #buffer: ArrayBuffer;
  readonly #sums: Float64Array;

  private constructor() {
    const { loops, buffer } = openLoops(sumsBytes + lanes * laneBytes);
    this.loops = loops;
    this.#buffer = buffer;
    this.#sums = new Float64Array(buffer, 0, sumsBytes / 8);
  }

  /** One that nobody else has until it is given back; one that is not given back is as good as gone. */
  static take(): Workspace {
    return idle.pop() ?? new Workspace();
  }

  /** Only when no read into its memory is under way. */
  giveBack(): void {
    if (idle.length < mostIdle) idle.push(this);
  }

  /** Where the pieces of one of the tensors are read. */
  lane(index: 0 | 1): PieceMemory {
    const begin = sumsBytes + index * laneBytes;
    const [first, second, room] = [0, 1, 2].map(piece => begin + piece * PIECE_BYTES);
    return {
      buffers: [
        new Uint8Array(this.#buffer, first, PIECE_BYTES),
        new Uint8Array(this.#buffer, second, PIECE_BYTES),
      ],
      decode: (dtype, bytes) => this.#decode(dtype, bytes, room),
    };
  }

  /** Place of float32 values in this memory; undefined where they lie elsewhere. */
  placeOf(values: Values): number | undefined {
    return values instanceof Float32Array && values.buffer === this.#buffer ? values.byteOffset : undefined;
  }

  /** Calls `add` with the place of `sums`, to which it adds. @returns what `add` does */
  adding(sums: Float64Array, add: (place: number) => number): boolean {
    this.#sums.set(sums);
    const added = add(0) !== 0;
    sums.set(this.#sums.subarray(0, sums.length));
    return added;
  }

  #decode(dtype: string, bytes: Uint8Array, room: number): Values {
    const widen =
      dtype === 'BF16' ? this.loops.widenBfloat16 : dtype === 'F16' ? this.loops.widenHalf : undefined;
    if (!widen) return decodeValues(dtype, bytes);
    const count = bytes.length / 2;
    const inside = bytes.buffer === this.#buffer;
    // What an archive answers from memory of its own is brought here first.
    const from = inside ? bytes.byteOffset : room + PIECE_BYTES / 2;
    if (!inside) new Uint8Array(this.#buffer, from, bytes.length).set(bytes);
    // The upper half of the room is read before the lower half reaches it.
    widen(from, room, count);
    return new Float32Array(this.#buffer, room, count);
  }
}
