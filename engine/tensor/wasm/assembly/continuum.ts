import { add } from './binary';
import { gelu, geluWithDerivative } from './gelu';
import { matMul, matMulScratchBytes } from './matMul';
import { layerNorm, layerNormGradient } from './norm';
import { sum } from './sum';
import { addScaled, product } from './vectors';

/** x[rows, width] += bias[width]. */
function addBias(x: usize, bias: usize, rows: i32, width: i32): void {
  const row = (<usize>width) << 2;
  add(x, bias, x, 1, rows, width, 0, row, 4, 0, 0, 4);
}

/** Bytes of working memory of a continuum level and its gradient. */
export function continuumBytes(rows: i32, width: i32, hidden: i32): usize {
  return matMulScratchBytes() + ((<usize>(2 * rows * (width + hidden))) << 2);
}

/**
 * out = x + σ(LN(x) Eᵀ + e) Cᵀ + c for x [N, D], E [H, D], C [D, H]; keeps the statistics of the norm [N] and what
 * goes into σ [N, H].
 */
export function continuum(
  x: usize,
  weight: usize,
  bias: usize,
  expand: usize,
  expandBias: usize,
  contract: usize,
  contractBias: usize,
  out: usize,
  means: usize,
  scales: usize,
  pre: usize,
  rows: i32,
  width: i32,
  hidden: i32,
  epsilon: f32,
  work: usize,
): void {
  const activity = work + matMulScratchBytes();
  layerNorm(x, weight, bias, out, means, scales, rows, width, epsilon);
  matMul(out, expand, pre, rows, hidden, width, false, true, work, false);
  addBias(pre, expandBias, rows, hidden);
  gelu(pre, activity, rows * hidden);
  const row = (<usize>width) << 2;
  add(x, contractBias, out, 1, rows, width, 0, row, 4, 0, 0, 4);
  matMul(activity, contract, out, rows, width, hidden, false, true, work, true);
}

/** Gradient of `continuum`: dx, and that of every weight summed over the rows. */
export function continuumGradient(
  x: usize,
  weight: usize,
  bias: usize,
  expand: usize,
  contract: usize,
  means: usize,
  scales: usize,
  pre: usize,
  dy: usize,
  dx: usize,
  dWeight: usize,
  dBias: usize,
  dExpand: usize,
  dExpandBias: usize,
  dContract: usize,
  dContractBias: usize,
  rows: i32,
  width: i32,
  hidden: i32,
  epsilon: f32,
  work: usize,
): void {
  const activity = work + matMulScratchBytes();
  const dPre = activity + ((<usize>(rows * hidden)) << 2);
  const normed = dPre + ((<usize>(rows * hidden)) << 2);
  const dNormed = normed + ((<usize>(rows * width)) << 2);
  geluWithDerivative(pre, activity, dPre, rows * hidden);
  matMul(dy, activity, dContract, width, hidden, rows, true, false, work, false);
  sum(dy, dContractBias, 1, rows, width);
  matMul(dy, contract, activity, rows, hidden, width, false, false, work, false);
  product(activity, dPre, dPre, rows * hidden);
  layerNorm(x, weight, bias, normed, means, scales, rows, width, epsilon);
  matMul(dPre, normed, dExpand, hidden, width, rows, true, false, work, false);
  sum(dPre, dExpandBias, 1, rows, hidden);
  matMul(dPre, expand, dNormed, rows, width, hidden, false, false, work, false);
  layerNormGradient(x, weight, means, scales, dNormed, dx, dWeight, dBias, rows, width);
  addScaled(1, dy, dx, rows * width);
}
