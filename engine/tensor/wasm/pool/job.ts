import type { Kernels } from '../kernelModule.ts';

/**
 * One unit of a kernel's work that no other unit of the same call reads or writes: a head, or rows of a product. Each
 * number of the result comes from one unit in an order of its own, so that it is the same whoever does it.
 * @param numbers what the call was given, addresses in bytes @param work working memory of the thread alone
 */
export type Job = (kernels: Kernels, numbers: ArrayLike<number>, unit: number, work: number) => void;
