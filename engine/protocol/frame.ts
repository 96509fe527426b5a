import { METRICS } from './metric.ts';
import type { Update } from './update.ts';

/**
 * Several consecutive updates of one run as a header and one buffer.
 * Buffer: Float64 `[count, 2]` (position, tokens), Float32 `[count]` loss,
 * Float32 `[count, blocks, levels, METRICS.length]`, Float32 surprises end to end.
 */
export interface Frame {
  readonly runId: string;
  /** Index of the first update in this frame. */
  readonly first: number;
  readonly count: number;
  readonly blocks: number;
  /** Levels a block, without `outer`. */
  readonly levels: number;
  readonly data: ArrayBuffer;
}

/** Packs consecutive updates. @throws RangeError when the updates are not consecutive or not of one shape. */
export function encodeFrame(
  runId: string,
  blocks: number,
  levels: number,
  updates: readonly Update[],
): Frame {
  const group = blocks * levels * METRICS.length;
  const tokens = updates.reduce((sum, update) => sum + update.surprise.length, 0);
  const count = updates.length;
  const data = new ArrayBuffer(count * 16 + (count + count * group + tokens) * 4);
  const heads = new Float64Array(data, 0, count * 2);
  const floats = new Float32Array(data, count * 16);
  let at = count + count * group;
  updates.forEach((update, i) => {
    if (update.index !== updates[0].index + i) throw new RangeError(`update ${update.index} is out of order`);
    if (update.metrics.length !== group) {
      throw new RangeError(`update ${update.index} has ${update.metrics.length} metrics, expected ${group}`);
    }
    heads[i * 2] = update.position;
    heads[i * 2 + 1] = update.surprise.length;
    floats[i] = update.loss;
    floats.set(update.metrics, count + i * group);
    floats.set(update.surprise, at);
    at += update.surprise.length;
  });
  return { runId, first: count ? updates[0].index : 0, count, blocks, levels, data };
}

/** Unpacks a frame; the arrays are views into its buffer. @throws RangeError on a buffer of the wrong size. */
export function decodeFrame(frame: Frame): Update[] {
  const { first, count, blocks, levels, data } = frame;
  const group = blocks * levels * METRICS.length;
  if (data.byteLength < count * 16 + (count + count * group) * 4) {
    throw new RangeError(`frame of ${count} updates has only ${data.byteLength} bytes`);
  }
  const heads = new Float64Array(data, 0, count * 2);
  const floats = new Float32Array(data, count * 16);
  let at = count + count * group;
  return Array.from({ length: count }, (_, i) => {
    const tokens = heads[i * 2 + 1];
    if (at + tokens > floats.length) throw new RangeError(`frame ends inside update ${first + i}`);
    const surprise = floats.subarray(at, at + tokens);
    at += tokens;
    const metrics = floats.subarray(count + i * group, count + (i + 1) * group);
    return { index: first + i, position: heads[i * 2], loss: floats[i], surprise, metrics };
  });
}
