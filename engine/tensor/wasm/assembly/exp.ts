import { madd } from './simd';

/**
 * eˣ in four lanes to about 1 ulp: x = n·ln 2 + r, a polynomial of degree 6 in r (Cephes), then n added to the
 * exponent. Arguments are clamped to where the result is a normal number; `t` is the table of constants.
 */
export function exp4(x: v128, t: usize): v128 {
  // pmin and pmax are one instruction each; with x first they let a NaN through.
  x = f32x4.pmin(f32x4.pmax(x, v128.load(t)), v128.load(t, 1 * 16));
  // Adding 1.5·2²³ rounds to an integer and leaves it, with the exponent's bias, in the low bits.
  const magic = v128.load(t, 12 * 16);
  const biased = madd(x, v128.load(t, 2 * 16), magic);
  const n = f32x4.sub(biased, magic);
  let r = madd(n, v128.load(t, 3 * 16), x);
  r = madd(n, v128.load(t, 4 * 16), r);
  let p = madd(v128.load(t, 5 * 16), r, v128.load(t, 6 * 16));
  p = madd(p, r, v128.load(t, 7 * 16));
  p = madd(p, r, v128.load(t, 8 * 16));
  p = madd(p, r, v128.load(t, 9 * 16));
  p = madd(p, r, v128.load(t, 10 * 16));
  p = madd(p, f32x4.mul(r, r), f32x4.add(r, v128.load(t, 11 * 16)));
  return f32x4.mul(p, i32x4.shl(biased, 23));
}
