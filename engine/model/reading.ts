import type { HopeConfig } from '../checkpoint/config.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import { headLogits, type ReadingState, readSequence, startReading, tokenLosses } from './languageModel.ts';
import type { HopeParameters } from './parameters.ts';
import { disposeState, keepState, tidyState } from './readingState.ts';

/** No token's id: nothing begins a new document. */
export const NO_TOKEN = -1;

/**
 * Logits after every token, read from a fresh state; all writes are discarded.
 * @param endOfText begins a document, which a Transformer that others trained takes for a token like any other: give
 * `NO_TOKEN` to read as its own library does
 */
export function readLogits(
  parameters: HopeParameters,
  config: HopeConfig,
  ids: Int32Array,
  endOfText: number,
): tf.Tensor2D {
  return tf.tidy(() => {
    const start = startReading(parameters, config, 1);
    return headLogits(parameters, readSequence(parameters, config, ids, endOfText, start).hidden);
  });
}

/** Reads a text piece by piece on a copy of the memories and yields −log p of every target, nats. */
export async function* readLosses(
  parameters: HopeParameters,
  config: HopeConfig,
  pieces: Iterable<{ readonly ids: Int32Array; readonly targets: Int32Array }>,
  endOfText: number,
): AsyncGenerator<Float32Array> {
  let state: ReadingState = tidyState(() => startReading(parameters, config, 1));
  try {
    for (const { ids, targets } of pieces) {
      let next: ReadingState | undefined;
      const losses = await readBack(() => {
        const read = readSequence(parameters, config, ids, endOfText, state);
        next = keepState(read.state);
        return tokenLosses(parameters, read.hidden, targets);
      });
      disposeState(state);
      state = next!;
      yield losses;
    }
  } finally {
    disposeState(state);
  }
}
