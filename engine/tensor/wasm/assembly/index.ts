export { constantsBytes, fillConstants } from './constants';
export { crossEntropyGradient, rowSums } from './crossEntropy';
export { gelu, geluDerivative, geluSecondDerivative } from './gelu';
export { batchMatMul, matMulScratchBytes } from './matMul';
export { unsortedSegmentSum } from './segmentSum';
