/**
 * The printable character that byte-level BPE writes for each of the 256 bytes (GPT-2's table): printable
 * Latin-1 stands for itself, the other bytes follow from U+0100 on, so that a space is `Ġ`.
 */
export const characterOfByte: readonly string[] = build();

/** The inverse of `characterOfByte`. */
export const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characterOfByte.map((character, byte) => [character, byte]),
);

function build(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}
