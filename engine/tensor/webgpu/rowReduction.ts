/**
 * Sum and maximum over the 64 threads of a workgroup, in an order that never changes. Every thread must call them, and
 * gets the result.
 */
export const rowReduction = `
var<workgroup> shares: array<f32, 64>;
fn reduceSum(mine: f32, thread: u32) -> f32 {
  shares[thread] = mine;
  for (var half = 32u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (thread < half) { shares[thread] += shares[thread + half]; }
  }
  let all = workgroupUniformLoad(&shares[0]);
  workgroupBarrier();
  return all;
}
fn reduceMax(mine: f32, thread: u32) -> f32 {
  shares[thread] = mine;
  for (var half = 32u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (thread < half) { shares[thread] = max(shares[thread], shares[thread + half]); }
  }
  let all = workgroupUniformLoad(&shares[0]);
  workgroupBarrier();
  return all;
}
`;
