import { tf } from './tf.ts';

/**
 * Whether the current backend has a kernel of ours and, while something is being differentiated, the one of its
 * gradient too, which is named after it.
 */
export function hasKernel(name: string): boolean {
  const has = (kernel: string) => tf.getKernel(kernel, tf.getBackend()) !== undefined;
  return has(name) && (tf.engine().state.gradientDepth === 0 || has(`${name}Grad`));
}
