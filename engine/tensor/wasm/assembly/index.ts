export { add, divide, multiply, subtract } from './binary';
export { constantsBytes, fillConstants } from './constants';
export { clear, copyBlocks, expand, transposeMatrices } from './copy';
export { crossEntropyGradient, rowSums } from './crossEntropy';
export { gelu, geluDerivative, geluSecondDerivative } from './gelu';
export { batchMatMul, matMulScratchBytes } from './matMul';
export { unsortedSegmentSum } from './segmentSum';
export { sum } from './sum';
export { exp, rsqrt, sigmoid, softplus, sqrt, tanh } from './unary';
