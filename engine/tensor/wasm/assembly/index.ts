export { batchMatMul, matMulScratchBytes } from './matMul';
export { unsortedSegmentSum } from './segmentSum';
