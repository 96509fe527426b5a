import { isFinite64, lower, sum2, upper } from './lanes';

/**
 * Of n float32 that are all finite, in float64: out[0] += Σ x, out[1] += Σ x², out[2] += zeros, out[3] the least and
 * out[4] the largest of what is there and of x. Where one is not finite, nothing is added and the answer is false.
 */
export function addStatistics(x: usize, n: i32, out: usize): bool {
  const zero = f32x4.splat(0);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let q0 = s0;
  let q1 = s0;
  let q2 = s0;
  let q3 = s0;
  let zeros = i32x4.splat(0);
  let least = f32x4.splat(f32.MAX_VALUE);
  let most = f32x4.splat(-f32.MAX_VALUE);
  let left = n;
  for (; left >= 8; left -= 8, x += 32) {
    // One vector after the other: there are registers for little more than the sums.
    const a = v128.load(x);
    const a0 = lower(a);
    const a1 = upper(a);
    s0 = f64x2.add(s0, a0);
    s1 = f64x2.add(s1, a1);
    q0 = f64x2.add(q0, f64x2.mul(a0, a0));
    q1 = f64x2.add(q1, f64x2.mul(a1, a1));
    const b = v128.load(x, 16);
    const b0 = lower(b);
    const b1 = upper(b);
    s2 = f64x2.add(s2, b0);
    s3 = f64x2.add(s3, b1);
    q2 = f64x2.add(q2, f64x2.mul(b0, b0));
    q3 = f64x2.add(q3, f64x2.mul(b1, b1));
    // pmin is one instruction, min several: nothing that is not a number is kept in the end.
    least = f32x4.pmin(least, f32x4.pmin(a, b));
    most = f32x4.pmax(most, f32x4.pmax(a, b));
    zeros = i32x4.sub(zeros, i32x4.add(f32x4.eq(a, zero), f32x4.eq(b, zero)));
  }
  let sum = sum2(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)));
  let squares = sum2(f64x2.add(f64x2.add(q0, q1), f64x2.add(q2, q3)));
  least = f32x4.pmin(least, i32x4.shuffle(least, least, 2, 3, 0, 1));
  most = f32x4.pmax(most, i32x4.shuffle(most, most, 2, 3, 0, 1));
  let low = min(f32x4.extract_lane(least, 0), f32x4.extract_lane(least, 1));
  let high = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
  let none =
    i32x4.extract_lane(zeros, 0) +
    i32x4.extract_lane(zeros, 1) +
    i32x4.extract_lane(zeros, 2) +
    i32x4.extract_lane(zeros, 3);
  for (; left > 0; left--, x += 4) {
    const value = load<f32>(x);
    sum += <f64>value;
    squares += <f64>value * <f64>value;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value === 0) none++;
  }
  // The square of a float32 is finite in float64, and so is the sum of as many as there are.
  if (!isFinite64(squares)) return false;
  store<f64>(out, load<f64>(out) + sum);
  store<f64>(out, load<f64>(out, 8) + squares, 8);
  store<f64>(out, load<f64>(out, 16) + <f64>none, 16);
  if (n > 0) {
    store<f64>(out, min(load<f64>(out, 24), <f64>low), 24);
    store<f64>(out, max(load<f64>(out, 32), <f64>high), 32);
  }
  return true;
}
