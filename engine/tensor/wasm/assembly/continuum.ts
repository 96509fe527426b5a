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

/** Floats that a level and its gradient keep between their steps. */
function between(rows: i32, width: i32, hidden: i32): usize {
  return <usize>(2 * rows * (width + hidden));
}

/** Bytes of working memory of a continuum level and its gradient, summed or not. */
export function continuumBytes(rows: i32, width: i32, hidden: i32): usize {
  return matMulScratchBytes() + ((between(rows, width, hidden) + <usize>(3 * width + hidden)) << 2);
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

/** Gradient of `continuum`: dx, and that of every weight summed over the rows, the matrices' added where asked. */
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
  add: bool,
): void {
  const activity = work + matMulScratchBytes();
  const dPre = activity + ((<usize>(rows * hidden)) << 2);
  const normed = dPre + ((<usize>(rows * hidden)) << 2);
  const dNormed = normed + ((<usize>(rows * width)) << 2);
  geluWithDerivative(pre, activity, dPre, rows * hidden);
  matMul(dy, activity, dContract, width, hidden, rows, true, false, work, add);
  sum(dy, dContractBias, 1, rows, width);
  matMul(dy, contract, activity, rows, hidden, width, false, false, work, false);
  product(activity, dPre, dPre, rows * hidden);
  layerNorm(x, weight, bias, normed, means, scales, rows, width, epsilon);
  matMul(dPre, normed, dExpand, hidden, width, rows, true, false, work, add);
  sum(dPre, dExpandBias, 1, rows, hidden);
  matMul(dPre, expand, dNormed, rows, width, hidden, false, false, work, false);
  layerNormGradient(x, weight, means, scales, dNormed, dx, dWeight, dBias, rows, width);
  addScaled(1, dy, dx, rows * width);
}

/** `continuumGradient` with the gradient of every weight added to what is there; it needs no room of its own. */
export function continuumGradientSum(
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
  sumWeight: usize,
  sumBias: usize,
  sumExpand: usize,
  sumExpandBias: usize,
  sumContract: usize,
  sumContractBias: usize,
  rows: i32,
  width: i32,
  hidden: i32,
  epsilon: f32,
  work: usize,
): void {
  const row = (<usize>width) << 2;
  const dWeight = work + matMulScratchBytes() + (between(rows, width, hidden) << 2);
  const dBias = dWeight + row;
  const dContractBias = dBias + row;
  const dExpandBias = dContractBias + row;
  continuumGradient(
    x,
    weight,
    bias,
    expand,
    contract,
    means,
    scales,
    pre,
    dy,
    dx,
    dWeight,
    dBias,
    sumExpand,
    dExpandBias,
    sumContract,
    dContractBias,
    rows,
    width,
    hidden,
    epsilon,
    work,
    true,
  );
  addScaled(1, dWeight, sumWeight, width);
  addScaled(1, dBias, sumBias, width);
  addScaled(1, dExpandBias, sumExpandBias, hidden);
  addScaled(1, dContractBias, sumContractBias, width);
}
