import { characterOfByte } from './byteAlphabet.ts';
import { BYTE_SPELLINGS } from './byteSpelling.ts';
import { PairTable } from './pairTable.ts';
import { textPieces } from './textPieces.ts';

/** How far a training is: pairs merged, of those asked for. None are while the words are counted. */
export interface BytePairProgress {
  readonly merges: number;
  readonly asked: number;
}

const endOfText = '<|endoftext|>';
const leastVocabulary = 1 + characterOfByte.length;
const pieceLength = 65536;
// No token is as long; a text without any spaces would otherwise be one word that every merge walks through.
const longestWord = 64;
// A pair that occurs once says nothing about the text.
const leastCount = 2;
const mergesBetweenReports = 64;

/**
 * Learns byte-level BPE (Sennrich et al. 2016, GPT-2's splitting) and returns the contents of a
 * `tokenizer.json`. Id 0 is `<|endoftext|>`, ids 1 to 256 are the bytes, then one token a merge. The same texts
 * give the same tokens: equal counts are ordered by spelling.
 * @param vocabularySize Tokens at most, at least 257; fewer when no pair occurs twice any more.
 */
export function trainBytePair(texts: Iterable<string>, vocabularySize: number): object {
  const training = bytePairTraining(texts, vocabularySize);
  for (let now = training.next(); ; now = training.next()) if (now.done) return now.value;
}

/**
 * The same, with pauses in which the process hears of other things. @param onProgress called at every pause
 * @throws the signal's reason once it is aborted
 */
export async function trainBytePairPatiently(
  texts: Iterable<string>,
  vocabularySize: number,
  onProgress?: (progress: BytePairProgress) => void,
  signal?: AbortSignal,
): Promise<object> {
  const training = bytePairTraining(texts, vocabularySize);
  for (let now = training.next(); ; now = training.next()) {
    if (now.done) return now.value;
    onProgress?.(now.value);
    await new Promise(resolve => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}

function* bytePairTraining(
  texts: Iterable<string>,
  vocabularySize: number,
): Generator<BytePairProgress, object> {
  if (!Number.isSafeInteger(vocabularySize) || vocabularySize < leastVocabulary || vocabularySize > 2 ** 24) {
    throw new RangeError(`A vocabulary has ${leastVocabulary} to 2^24 tokens, not ${vocabularySize}.`);
  }
  const asked = vocabularySize - leastVocabulary;
  const tokens = [endOfText, ...characterOfByte.toSorted()];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const counts = yield* countWords(texts, { merges: 0, asked });
  const words = [...counts].map(([word, count]) => ({ symbols: symbolsOf(word, ids), count }));
  const table = new PairTable(words, symbol => tokens[symbol]!);
  const merges: [string, string][] = [];
  while (tokens.length < vocabularySize) {
    const pair = table.best();
    if (pair === undefined || pair.count < leastCount) break;
    const [left, right] = [tokens[pair.left]!, tokens[pair.right]!];
    merges.push([left, right]);
    table.merge(pair, idOf(left + right, tokens, ids));
    if (merges.length % mergesBetweenReports === 0) yield { merges: merges.length, asked };
  }
  yield { merges: merges.length, asked };
  return tokenizerJson(tokens, merges);
}

/** Two merges may spell the same token ("ab" + "c", "a" + "bc"); it has one id. */
function idOf(token: string, tokens: string[], ids: Map<string, number>): number {
  let id = ids.get(token);
  if (id === undefined) {
    id = tokens.push(token) - 1;
    ids.set(token, id);
  }
  return id;
}

function* countWords(
  texts: Iterable<string>,
  progress: BytePairProgress,
): Generator<BytePairProgress, Map<string, number>> {
  const { words, isBoundary } = BYTE_SPELLINGS['gpt-2'];
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [start, end] of textPieces(text, pieceLength, isBoundary)) {
      for (const word of words(text.slice(start, end))) {
        for (const [from, to] of textPieces(word, longestWord, isBoundary)) {
          const part = word.slice(from, to);
          counts.set(part, (counts.get(part) ?? 0) + 1);
        }
      }
      yield progress;
    }
  }
  return counts;
}

function symbolsOf(word: string, ids: ReadonlyMap<string, number>): number[] {
  return Array.from(new TextEncoder().encode(word), byte => ids.get(characterOfByte[byte]!)!);
}

function tokenizerJson(tokens: readonly string[], merges: [string, string][]): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: 0, content: endOfText, ...special }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}
