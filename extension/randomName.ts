/** Random bytes in hexadecimal digits, two a byte. Loading `node:crypto` for them would lengthen activation. */
export function randomName(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
}
