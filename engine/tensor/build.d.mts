/** Compiles our kernels into `folder`, once without and once with fused multiply-add. */
export function buildKernels(folder: string): Promise<void>;
