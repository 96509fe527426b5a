import { BPE } from '@huggingface/tokenizers';
import { byteOfCharacter } from './byteAlphabet.ts';
import { CheckpointError } from './checkpointError.ts';
import { CodePointCursor } from './codePointCursor.ts';
import { printableToken } from './printableToken.ts';
import type { Spelling } from './spelling.ts';
import { textPieces } from './textPieces.ts';
import { parseTokenizerFile, type TokenizerFile } from './tokenizerFile.ts';

/** Token ids of a text and, for each, the UTF-16 range [start, end) of the text that it came from. */
export interface Encoding {
  readonly ids: Int32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Special tokens that begin a document, those of GPT-2 and ours, of Llama 3 and of Llama 2. */
const beginnings = ['<|endoftext|>', '<|begin_of_text|>', '<s>'];
// What arbitrary cuts inside a long run without spaces cost is nothing next to the memory of tokenising it whole.
const defaultPieceLength = 65536;

/**
 * BPE of a model folder, byte-level or SentencePiece's. Text is only ever text: no input, not even `<|endoftext|>`
 * written out, encodes to a special token. Lone surrogates encode as U+FFFD.
 */
export class Tokenizer {
  /** Checks the parsed contents of a `tokenizer.json`; throws `CheckpointError`. `path` is for the messages. */
  static parse(json: unknown, path: string): Tokenizer {
    const file = parseTokenizerFile(json, path);
    const beginning = beginnings.find(token => file.special.has(token));
    if (beginning === undefined) {
      throw new CheckpointError(`added_tokens must hold ${beginnings.join(' or ')} as a special token`, path);
    }
    return new Tokenizer(file, file.special.get(beginning)!, json);
  }

  /** Highest id + 1. */
  readonly size: number;
  /** Whether every byte has a token; otherwise characters without one are left out of the encoding. */
  readonly lossless: boolean;
  readonly #words = new Map<string, Word>();
  readonly #bpe: BPE;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #bytes: (Uint8Array | undefined)[];
  readonly #special: ReadonlySet<number>;
  readonly #spelling: Spelling;

  private constructor(
    file: TokenizerFile,
    /** Id of what stands between documents: `<|endoftext|>`, or what begins one. */
    readonly endOfText: number,
    /** The parsed `tokenizer.json`, to be written with the model. */
    readonly json: unknown,
  ) {
    this.#bpe = new BPE({
      type: 'BPE',
      vocab: file.vocabulary,
      merges: file.merges,
      ignore_merges: file.ignoreMerges,
    });
    this.#ids = new Map(Object.entries(file.vocabulary));
    this.#special = new Set(file.special.values());
    this.#bytes = [];
    this.#spelling = file.spelling;
    for (const [token, id] of this.#ids) this.#bytes[id] = file.spelling.bytesOf(token);
    for (const [content, id] of file.special) this.#bytes[id] = new TextEncoder().encode(content);
    this.size = this.#bytes.length;
    this.lossless =
      file.spelling.bytesInstead !== undefined ||
      [...byteOfCharacter.keys()].every(character => this.#ids.has(character));
  }

  /**
   * Tokenises a text whole; for megabytes use `encodePieces`.
   * @param follows whether it goes on where another text ends, so that nothing is put in front of it
   */
  encode(text: string, follows = false): Encoding {
    return this.#encodeRange(text, 0, follows);
  }

  /**
   * Tokenises a text piece by piece, as it is asked for. Ranges count from the start of the whole text. The
   * ids together are those of `encode`, but for runs without any boundary longer than a piece.
   * @param pieceLength Longest piece in UTF-16 units.
   */
  *encodePieces(text: string, pieceLength = defaultPieceLength): Generator<Encoding> {
    for (const [start, end] of textPieces(text, pieceLength, this.#spelling.isBoundary)) {
      yield this.#encodeRange(text.slice(start, end), start, start > 0);
    }
  }

  /** The text of the ids, special tokens written out. Bytes that are not UTF-8 and unknown ids give U+FFFD. */
  decode(ids: Iterable<number>): string {
    const pieces: Uint8Array[] = [];
    for (const id of ids) pieces.push(this.#bytes[id] ?? replacement);
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(pieces));
  }

  /** A token for the eye: control characters escaped, bytes of an incomplete character as `\xE2`. */
  token(id: number): string {
    const bytes = this.#bytes[id];
    if (bytes === undefined) return `#${id}`;
    return printableToken(bytes);
  }

  /** Whether the id is a special token such as `<|endoftext|>`. */
  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  #encodeRange(text: string, offset: number, follows: boolean): Encoding {
    const words = this.#spelling
      .words(text)
      .map((word, i) => (i === 0 && !follows ? this.#encodeWord(word, true) : this.#wordOf(word)));
    const most = words.reduce((sum, word) => sum + word.ids.length, 0);
    const ids = new Int32Array(most);
    const starts = new Uint32Array(most);
    const ends = new Uint32Array(most);
    const cursor = new CodePointCursor(text);
    let count = 0;
    for (const word of words) {
      for (let at = 0; at < word.ids.length; at++) {
        const [start, end] = cursor.advance(word.bytes[at]!);
        if (word.ids[at] === unknown) continue;
        ids[count] = word.ids[at]!;
        starts[count] = offset + start;
        ends[count] = offset + end;
        count++;
      }
    }
    return { ids: ids.slice(0, count), starts: starts.slice(0, count), ends: ends.slice(0, count) };
  }

  /** Words repeat: most of a text is looked up here. */
  #wordOf(text: string): Word {
    let word = this.#words.get(text);
    if (word === undefined) {
      word = this.#encodeWord(text);
      if (this.#words.size >= mostWords) this.#words.clear();
      if (text.length <= longestKept) this.#words.set(text, word);
    }
    return word;
  }

  #encodeWord(text: string, first = false): Word {
    const { symbols, bytes } = this.#spelling.spell(text, first);
    const whole = this.#bpe.ignore_merges && this.#ids.has(symbols);
    const word: { ids: number[]; bytes: number[] } = { ids: [], bytes: [] };
    let at = 0;
    for (const token of whole ? [symbols] : this.#bpe.bpe(symbols)) {
      const { length } = Array.from(token);
      const id = this.#ids.get(token);
      const instead = id === undefined ? this.#spelling.bytesInstead?.(token) : undefined;
      if (instead) for (const byte of instead) add(word, this.#ids.get(byte) ?? unknown, 1);
      else
        add(
          word,
          id ?? unknown,
          bytes.slice(at, at + length).reduce((a, b) => a + b, 0),
        );
      at += length;
    }
    return word;
  }
}

function add(word: { ids: number[]; bytes: number[] }, id: number, bytes: number): void {
  word.ids.push(id);
  word.bytes.push(bytes);
}

/** The tokens of one word: ids and how many bytes of the text each covers. */
interface Word {
  readonly ids: readonly number[];
  readonly bytes: readonly number[];
}

// A byte without a token.
const unknown = -1;
const mostWords = 65536;
// Longer substrings are views in V8, and each kept one would keep its whole text alive.
const longestKept = 12;
const replacement = new TextEncoder().encode('\uFFFD');
