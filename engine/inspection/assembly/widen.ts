/** out[n] in float32 from bfloat16, which is the upper half of one. */
export function widenBfloat16(x: usize, out: usize, n: i32): void {
  for (; n >= 8; n -= 8, x += 16, out += 32) {
    const codes = v128.load(x);
    v128.store(out, i32x4.shl(i32x4.extend_low_i16x8_u(codes), 16));
    v128.store(out, i32x4.shl(i32x4.extend_high_i16x8_u(codes), 16), 16);
  }
  for (; n > 0; n--, x += 2, out += 4) store<u32>(out, (<u32>load<u16>(x)) << 16);
}

/** out[n] in float32 from IEEE 754 half precision. */
export function widenHalf(x: usize, out: usize, n: i32): void {
  for (; n >= 8; n -= 8, x += 16, out += 32) {
    const codes = v128.load(x);
    v128.store(out, widenFour(i32x4.extend_low_i16x8_u(codes)));
    v128.store(out, widenFour(i32x4.extend_high_i16x8_u(codes)), 16);
  }
  for (; n > 0; n--, x += 2, out += 4) {
    store<f32>(out, f32x4.extract_lane(widenFour(i32x4.splat(load<u16>(x))), 0));
  }
}

/** Four codes, one in the lower half of each lane. */
function widenFour(code: v128): v128 {
  const sign = i32x4.shl(v128.and(code, i32x4.splat(0x8000)), 16);
  const bits = i32x4.shl(v128.and(code, i32x4.splat(0x7fff)), 13);
  // Shifted to its place the exponent is 112 too small, which a product puts right, of subnormal numbers too.
  const value = f32x4.mul(bits, f32x4.splat(reinterpret<f32>(0x77800000)));
  const special = i32x4.gt_s(bits, i32x4.splat(0x0f7fffff));
  const broken = v128.or(bits, i32x4.splat(0x7f800000));
  return v128.or(sign, v128.bitselect(broken, value, special));
}
