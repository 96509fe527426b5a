const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;
const SHARED = 2;

/** The unsigned LEB128 number at `at`, and where it ends. */
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
}

/**
 * The same WebAssembly module with a shared memory in place of its own one, which differs by one bit of the memory
 * section: worker threads can then compute on its tensors. @throws Error when it has no single memory with a maximum
 */
export function shareMemory(binary) {
  const bytes = Uint8Array.from(binary);
  for (let at = 8; at < bytes.length; ) {
    const section = bytes[at];
    const [length, start] = number(bytes, at + 1);
    if (section === MEMORY_SECTION && bytes[start] === 1 && bytes[start + 1] === HAS_MAXIMUM) {
      bytes[start + 1] |= SHARED;
      return bytes;
    }
    at = start + length;
  }
  throw new Error('The WebAssembly module has no memory of its own with a maximum, so it cannot be shared.');
}
