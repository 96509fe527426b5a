import { tf } from './tf.ts';

/** Makes plain JavaScript the current backend. */
export async function openCpu(): Promise<void> {
  // The library would print an advertisement at the first operation under Node.
  const backend = tf.findBackend('cpu') as tf.KernelBackend & { firstUse: boolean };
  backend.firstUse = false;
  await tf.setBackend('cpu');
}
