/** Lets messages through between two pieces of work, and ends it when it is no longer wanted. */
export async function breath(signal?: AbortSignal): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
  signal?.throwIfAborted();
}
