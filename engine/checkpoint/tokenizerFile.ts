import type { CheckpointError } from './checkpointError.ts';
import { FieldReader } from './fieldReader.ts';

/** What is needed of a `tokenizer.json` with byte-level BPE. */
export interface TokenizerFile {
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
 * Checks the contents of a `tokenizer.json`. Only GPT-2's byte-level BPE without a normaliser is accepted,
 * because nothing else gives every token its place in the text. Throws `CheckpointError` naming the field.
 */
export function parseTokenizerFile(json: unknown, path: string): TokenizerFile {
  const root = new FieldReader(json, path);
  if (root.value('normalizer') != null) throw root.faultOf('normalizer', 'null');
  const splitter = root.object('pre_tokenizer');
  splitter.constant('type', 'ByteLevel');
  if (splitter.value('add_prefix_space') === true) throw splitter.faultOf('add_prefix_space', 'false');
  if (splitter.value('use_regex') === false) throw splitter.faultOf('use_regex', 'true');
  const model = root.object('model');
  model.constant('type', 'BPE');
  for (const name of ['byte_fallback', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model.value(name)) throw model.faultOf(name, 'empty');
  }
  const special = parseSpecial(root, path);
  const all = parseVocabulary(model.object('vocab'));
  const merges = parseMerges(model, all);
  const ids = new Map<number, string>();
  for (const [token, id] of [...special, ...all.entries()]) {
    if (ids.has(id) && ids.get(id) !== token) throw model.faultOf('vocab', `without two tokens of id ${id}`);
    ids.set(id, token);
  }
  return {
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

function mergeFault(model: FieldReader, rank: number, allowed: string): CheckpointError {
  return model.faultOf('merges', `a list of merges, and number ${rank} ${allowed}`);
}

function isPair(value: unknown): value is [string, string] {
  return (
    Array.isArray(value) && value.length === 2 && value.every(item => typeof item === 'string' && item !== '')
  );
}
