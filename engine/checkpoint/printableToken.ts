/** A token's bytes for the eye: control characters escaped, bytes of an incomplete character as `\xE2`. */
export function printableToken(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
  } catch {
    return Array.from(bytes, byte => {
      const plain = byte >= 0x20 && byte < 0x7f;
      return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }).join('');
  }
}

function escaped(character: string): string {
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return short[character] ?? `\\u{${character.codePointAt(0)!.toString(16).toUpperCase()}}`;
}
