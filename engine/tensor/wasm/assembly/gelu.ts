import { exp4 } from './exp';
import { madd } from './simd';

/** φ(x), the standard normal density. */
function density(x: v128): v128 {
  return f32x4.mul(exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.3989422804));
}

/**
 * Φ(x) from φ(x): Φ(−|x|) = e^{−x²/2}·g(t) with t = 1/(1 + 0.29|x|), g a minimax fit of erfcx(|x|/√2)/2 with a
 * relative error of 3.3e-8 up to |x| = 12; the reflection of the small tail keeps both sides accurate.
 */
function distribution(x: v128, phi: v128): v128 {
  const t = f32x4.div(f32x4.splat(1), madd(f32x4.abs(x), f32x4.splat(0.29), f32x4.splat(1)));
  let g = madd(f32x4.splat(0.03993229111695106), t, f32x4.splat(-0.19615207365518686));
  g = madd(g, t, f32x4.splat(0.31390027247245633));
  g = madd(g, t, f32x4.splat(-0.16134225179597667));
  g = madd(g, t, f32x4.splat(0.19373293391208304));
  g = madd(g, t, f32x4.splat(0.0728616062502619));
  g = madd(g, t, f32x4.splat(0.12202638840438487));
  g = madd(g, t, f32x4.splat(0.11500892647259686));
  g = madd(g, t, f32x4.splat(3.189057438243714e-5));
  // √(2π) turns φ back into the exponential.
  const tail = f32x4.mul(f32x4.mul(g, phi), f32x4.splat(2.5066282746));
  return v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
}

function value(x: v128): v128 {
  return f32x4.mul(x, distribution(x, density(x)));
}

function derivative(x: v128): v128 {
  const phi = density(x);
  return madd(x, phi, distribution(x, phi));
}

function secondDerivative(x: v128): v128 {
  return f32x4.mul(density(x), f32x4.sub(f32x4.splat(2), f32x4.mul(x, x)));
}

/** out[n] = x·Φ(x). */
export function gelu(x: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, value(v128.load(x)));
  for (; n > 0; n--, x += 4, out += 4) v128.store_lane<f32>(out, value(v128.load32_zero(x)), 0);
}

/** out[n] = Φ(x) + x·φ(x). */
export function geluDerivative(x: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, derivative(v128.load(x)));
  for (; n > 0; n--, x += 4, out += 4) v128.store_lane<f32>(out, derivative(v128.load32_zero(x)), 0);
}

/** out[n] = φ(x)·(2 − x²). */
export function geluSecondDerivative(x: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, secondDerivative(v128.load(x)));
  for (; n > 0; n--, x += 4, out += 4) {
    v128.store_lane<f32>(out, secondDerivative(v128.load32_zero(x)), 0);
  }
}
