import { readLogits, readLosses } from '../model/reading.ts';
import type { Probe, ProbeScore } from '../protocol/probe.ts';
import { readBack } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import { EngineError } from './engineError.ts';
import type { OpenModel } from './openModel.ts';

const LONGEST_PROBE = 4096;

/**
 * A probe as token ids. A space joins prompt and answer unless one is there or the answer begins with punctuation.
 * @throws EngineError on an empty prompt or answer, or one of over 4096 tokens.
 */
export function probeTokens(
  { tokenizer }: OpenModel,
  probe: Probe,
): { prompt: Int32Array; answer: Int32Array } {
  const prompt = tokenizer.encode(probe.prompt.trimEnd()).ids;
  const answer = tokenizer.encode(joined(probe.answer), true).ids;
  if (prompt.length === 0 || probe.answer.trim() === '') {
    throw new EngineError(
      'bad-input',
      'A probe needs a prompt and an answer.',
      'Write it as PROMPT => ANSWER.',
    );
  }
  if (prompt.length + answer.length > LONGEST_PROBE) {
    const remedy = `Shorten it to at most ${LONGEST_PROBE} tokens.`;
    throw new EngineError('bad-input', `The probe has ${prompt.length + answer.length} tokens.`, remedy);
  }
  return { prompt, answer };
}

/**
 * Scores a probe on the current fast state: one document, `endOfText`, prompt, answer, read with an empty
 * convolution window. @throws EngineError as `probeTokens`
 */
async function scoreProbe(model: OpenModel, probe: Probe): Promise<ProbeScore> {
  const { tokenizer, base, fast } = model;
  const { prompt, answer } = probeTokens(model, probe);
  const ids = Int32Array.of(tokenizer.endOfText, ...prompt, ...answer.subarray(0, -1));
  const logProbabilities = await readBack(() => {
    const logits = readLogits(fast.parameters(), base.config, ids, tokenizer.endOfText);
    const rows = tf.slice(logits, [prompt.length, 0], [answer.length, base.config.vocabulary]);
    return tf.logSoftmax(rows);
  });
  const { vocabulary } = base.config;
  let sum = 0;
  let rank = 1;
  answer.forEach((id, i) => {
    const row = logProbabilities.subarray(i * vocabulary, (i + 1) * vocabulary);
    sum += row[id];
    rank = Math.max(rank, 1 + row.reduce((above, value) => above + (value > row[id] ? 1 : 0), 0));
  });
  return { probability: Math.exp(sum), rank, meanLogProbability: sum / answer.length, tokens: answer.length };
}

/** Mean −log p of a text read as one document on a copy of the memories, nats a token. */
export async function evaluateText(
  { tokenizer, base, fast }: OpenModel,
  text: string,
  cancelled: () => boolean,
): Promise<{ loss: number; tokens: number }> {
  let previous = tokenizer.endOfText;
  const pieces = function* () {
    for (const { ids } of tokenizer.encodePieces(text, 4096)) {
      for (let at = 0; at < ids.length; at += 256) {
        const targets = ids.slice(at, at + 256);
        yield { ids: Int32Array.of(previous, ...targets.subarray(0, -1)), targets };
        previous = targets[targets.length - 1];
      }
    }
  };
  let loss = 0;
  let tokens = 0;
  for await (const losses of readLosses(fast.parameters(), base.config, pieces(), tokenizer.endOfText)) {
    loss += losses.reduce((sum, value) => sum + value, 0);
    tokens += losses.length;
    await new Promise(resolve => setImmediate(resolve));
    if (cancelled()) throw new EngineError('bad-input', 'The evaluation was cancelled.');
  }
  if (tokens === 0)
    throw new EngineError('bad-input', 'The text is empty.', 'Give a text with at least one character.');
  return { loss: loss / tokens, tokens };
}

/** All scores are those of the state at the time of the call. */
export function scoreProbes(model: OpenModel, probes: readonly Probe[]): Promise<ProbeScore[]> {
  return Promise.all(probes.map(probe => scoreProbe(model, probe)));
}

function joined(answer: string): string {
  const bare = answer.trim();
  return /^[.,;:!?)\]}'’]/.test(bare) ? bare : ` ${bare}`;
}
