/** The two lower of four float32 in float64. */
export function lower(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** The two upper of four float32 in float64. */
export function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(i32x4.shuffle(x, x, 2, 3, 2, 3));
}

export function sum2(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

export function isFinite64(x: f64): bool {
  return x - x === 0;
}
