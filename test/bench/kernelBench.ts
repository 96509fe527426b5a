import { openKernelSets } from './kernelSets.ts';
import { rows as keyWorkload } from './keyWorkload.ts';
import { rows as matrixProduct } from './matrixProduct.ts';
import { rows as onlineRatio } from './onlineRatio.ts';

/** Rows that compare our kernels with the library's in this process. */
export async function rows() {
  const sets = await openKernelSets();
  return [...(await keyWorkload(sets)), ...(await onlineRatio(sets)), ...(await matrixProduct(sets))];
}
