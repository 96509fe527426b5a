import type { Spelling } from './spelling.ts';

/** What stands for a space. */
const META = '\u2581';
const byteToken = /^<0x([0-9A-F]{2})>$/;

/** Every byte as a token. */
export const BYTE_TOKENS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** Whether a merge joins a word with the spaces behind it, which `metaspaceSpelling` takes for apart. */
export function joinsWords(token: string): boolean {
  return /[^\u2581]\u2581/u.test(token);
}

/**
 * SentencePiece's BPE as Llama 2 has it: a code point is a symbol, a space is `▁`, and what has no token is spelled by its
 * bytes, `<0xE2>`. No merge of such a model joins a word with the spaces behind it, so words end there.
 * @param lead what stands in front of a text: a space, one unless it begins with one, or nothing
 */
export function metaspaceSpelling(lead: 'always' | 'unless' | 'never'): Spelling {
  return {
    words: text => text.match(/[ \u2581]+[^ \u2581]*|[^ \u2581]+/gu) ?? [],
    spell(word, first) {
      const characters = Array.from(word.toWellFormed());
      const bytes = characters.map(character => new TextEncoder().encode(character).length);
      const symbols = characters.map(character => (character === ' ' ? META : character));
      if (first && (lead === 'always' || (lead === 'unless' && symbols[0] !== META))) {
        symbols.unshift(META);
        bytes.unshift(0);
      }
      return { symbols: symbols.join(''), bytes };
    },
    isBoundary: (left, right) => !isSpace(left) && isSpace(right),
    bytesOf(token) {
      const [, code] = byteToken.exec(token) ?? [];
      if (code !== undefined) return Uint8Array.of(Number.parseInt(code, 16));
      return new TextEncoder().encode(token.replaceAll(META, ' '));
    },
    bytesInstead: symbol => Array.from(new TextEncoder().encode(symbol), byte => BYTE_TOKENS[byte]),
  };
}

function isSpace(character: string): boolean {
  return character === ' ' || character === META;
}
