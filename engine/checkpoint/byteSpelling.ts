import { ByteLevelPreTokenizer } from '@huggingface/tokenizers';
import { byteOfCharacter, characterOfByte } from './byteAlphabet.ts';
import type { Spelling } from './spelling.ts';

const space = /\s/u;
const letter = /\p{L}/u;
const digit = /\p{N}/u;

/** Whether a run of letters or of digits ends here. */
function endsRun(left: string, right: string): boolean {
  return (letter.test(left) && !letter.test(right)) || (digit.test(left) && !digit.test(right));
}

/** Left of a boundary a run ends that nothing of the other kind can continue, whatever comes before or after. */
function endsWord(left: string, right: string): boolean {
  if (space.test(left)) return false;
  // Not after punctuation: an apostrophe belongs to the letters behind it ('s, 'll).
  return space.test(right) || endsRun(left, right);
}

const gpt2 = new ByteLevelPreTokenizer({ type: 'ByteLevel', add_prefix_space: false, use_regex: true });
const gpt2Words = (text: string): string[] => text.match(gpt2.pattern) ?? [];

/** What a `tokenizer.json` of Llama 3 splits by. */
export const LLAMA_3_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
// White space as Unicode has it, with U+0085 and without U+FEFF.
const white = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const llama3 = new RegExp(
  LLAMA_3_PATTERN.replaceAll('[^\\s', `[^${white}`)
    .replaceAll('\\S', `[^${white}]`)
    .replaceAll('\\s', `[${white}]`),
  'gu',
);

const spelling = (words: Spelling['words'], isBoundary: Spelling['isBoundary']): Spelling => ({
  words,
  isBoundary,
  spell(word) {
    const symbols = Array.from(new TextEncoder().encode(word), byte => characterOfByte[byte]!);
    return { symbols: symbols.join(''), bytes: symbols.map(() => 1) };
  },
  // Characters outside the byte alphabet can only be in tokens no text encodes to.
  bytesOf: token =>
    Uint8Array.from(
      [...token].flatMap(character => {
        const byte = byteOfCharacter.get(character);
        return byte === undefined ? [...new TextEncoder().encode(character)] : [byte];
      }),
    ),
});

/** Byte-level spellings: every byte of a word is a symbol. What differs is where words end. */
export const BYTE_SPELLINGS = {
  /** GPT-2. */
  'gpt-2': spelling(gpt2Words, endsWord),
  /** GPT-2, but that each digit is a word, as SmolLM has it. */
  digits: spelling(text => (text.match(/\p{N}|\P{N}+/gu) ?? []).flatMap(gpt2Words), endsWord),
  /** Llama 3: at most three digits a word, and line ends stay with what is before them. */
  'llama-3': spelling(text => text.match(llama3) ?? [], endsRun),
} as const;
