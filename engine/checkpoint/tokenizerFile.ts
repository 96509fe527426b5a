import type { CheckpointError } from './checkpointError.ts';
import { FieldReader } from './fieldReader.ts';
import { BYTE_TOKENS, joinsWords } from './metaspaceSpelling.ts';
import { parseSpelling } from './parseSpelling.ts';
import type { Spelling } from './spelling.ts';

/** What is needed of a `tokenizer.json` with BPE. */
export interface TokenizerFile {
  readonly spelling: Spelling;
  /** Token to id, without special tokens. */
  readonly vocabulary: Readonly<Record<string, number>>;
  /** Special token to id, for example `<|endoftext|>`. */
  readonly special: ReadonlyMap<string, number>;
  /** By rank; none of them builds a special token. */
  readonly merges: [string, string][];
  readonly ignoreMerges: boolean;
}

const highestId = 2 ** 24;

/**
 * Checks the contents of a `tokenizer.json`: BPE of bytes as GPT-2, SmolLM or Llama 3 split them, or of code points with
 * the bytes of what has no token, as Llama 2 has it. Others are refused, because nothing else gives every token its place
 * in the text, and a pattern from a file could run for ever. Throws `CheckpointError` naming the field.
 */
export function parseTokenizerFile(json: unknown, path: string): TokenizerFile {
  const root = new FieldReader(json, path);
  const spelling = parseSpelling(root);
  const model = root.object('model');
  model.constant('type', 'BPE');
  for (const name of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model.value(name)) throw model.faultOf(name, 'empty');
  }
  if (!spelling.bytesInstead && model.value('byte_fallback')) throw model.faultOf('byte_fallback', 'empty');
  if (spelling.bytesInstead && model.value('byte_fallback') !== true) {
    throw model.faultOf('byte_fallback', 'true');
  }
  const special = parseSpecial(root, path);
  const all = parseVocabulary(model.object('vocab'));
  const merges = parseMerges(model, all);
  if (spelling.bytesInstead) checkMetaspace(model, all, merges);
  const ids = new Map<number, string>();
  for (const [token, id] of [...special, ...all.entries()]) {
    if (ids.has(id) && ids.get(id) !== token) throw model.faultOf('vocab', `without two tokens of id ${id}`);
    ids.set(id, token);
  }
  return {
    spelling,
    vocabulary: Object.fromEntries([...all].filter(([token]) => !special.has(token))),
    special,
    merges: merges.filter(([left, right]) => !special.has(left + right)),
    ignoreMerges: model.value('ignore_merges') === true,
  };
}

function parseSpecial(root: FieldReader, path: string): Map<string, number> {
  const added = root.value('added_tokens') ?? [];
  if (!Array.isArray(added)) throw root.faultOf('added_tokens', 'a list');
  const special = new Map<string, number>();
  added.forEach((entry, index) => {
    const fields = new FieldReader(entry, path, `added_tokens[${index}]`);
    const id = fields.integer('id', 0, highestId);
    const content = fields.text('content', 1000);
    // Added tokens that are not special are plain text; the merges spell them.
    if (fields.value('special') === true) special.set(content, id);
  });
  return special;
}

function parseVocabulary(fields: FieldReader): Map<string, number> {
  return new Map(fields.names.map(token => [token, fields.integer(token, 0, highestId)]));
}

/** Both spellings, `["a", "b"]` and the older `"a b"`. Every part and every result must be a token. */
function parseMerges(model: FieldReader, vocabulary: ReadonlyMap<string, number>): [string, string][] {
  const merges = model.value('merges');
  if (!Array.isArray(merges)) throw model.faultOf('merges', 'a list');
  return merges.map((merge: unknown, rank) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!isPair(pair)) throw mergeFault(model, rank, 'a pair of tokens');
    for (const token of [...pair, pair.join('')]) {
      if (!vocabulary.has(token))
        throw mergeFault(model, rank, `made of tokens, not ${JSON.stringify(token)}`);
    }
    return pair;
  });
}

/** Without a token for every byte, or with merges over the end of a word, a text could not be spelled word by word. */
function checkMetaspace(
  model: FieldReader,
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly (readonly [string, string])[],
): void {
  const missing = BYTE_TOKENS.find(token => !vocabulary.has(token));
  if (missing) throw model.faultOf('vocab', `with a token for every byte, also ${missing}`);
  const joining = merges.findIndex(([left, right]) => joinsWords(left + right));
  if (joining >= 0) throw mergeFault(model, joining, 'that ends no word with a space');
}

function mergeFault(model: FieldReader, rank: number, allowed: string): CheckpointError {
  return model.faultOf('merges', `a list of merges, and number ${rank} ${allowed}`);
}

function isPair(value: unknown): value is [string, string] {
  return (
    Array.isArray(value) && value.length === 2 && value.every(item => typeof item === 'string' && item !== '')
  );
}
