import { importBundled } from './bundle.mjs';

/** Our kernels against the library's in one process, in seconds of processor time. */
export async function measureKernels() {
  const { rows } = await importBundled('kernelBench');
  return rows();
}
