import { constants } from './constants';
import { exp4 } from './exp';
import { madd } from './simd';

/** φ(x), the standard normal density. */
function density(x: v128, t: usize): v128 {
  return f32x4.mul(exp4(f32x4.mul(f32x4.mul(x, x), v128.load(t, 13 * 16)), t), v128.load(t, 14 * 16));
}

/**
 * Φ(x) from φ(x): Φ(−|x|) = e^{−x²/2}·g(u) with u = 1/(1 + 0.29|x|), g a minimax fit of erfcx(|x|/√2)/2 with a
 * relative error of 3.3e-8 up to |x| = 12; the reflection of the small tail keeps both sides accurate.
 */
function distribution(x: v128, phi: v128, t: usize): v128 {
  const one = v128.load(t, 11 * 16);
  const u = f32x4.div(one, madd(f32x4.abs(x), v128.load(t, 15 * 16), one));
  let g = madd(v128.load(t, 16 * 16), u, v128.load(t, 17 * 16));
  g = madd(g, u, v128.load(t, 18 * 16));
  g = madd(g, u, v128.load(t, 19 * 16));
  g = madd(g, u, v128.load(t, 20 * 16));
  g = madd(g, u, v128.load(t, 21 * 16));
  g = madd(g, u, v128.load(t, 22 * 16));
  g = madd(g, u, v128.load(t, 23 * 16));
  g = madd(g, u, v128.load(t, 24 * 16));
  // √(2π) turns φ back into the exponential.
  const tail = f32x4.mul(f32x4.mul(g, phi), v128.load(t, 25 * 16));
  return v128.bitselect(tail, f32x4.sub(one, tail), i32x4.shr_s(x, 31));
}

function value(x: v128, t: usize): v128 {
  return f32x4.mul(x, distribution(x, density(x, t), t));
}

function derivative(x: v128, t: usize): v128 {
  const phi = density(x, t);
  return madd(x, phi, distribution(x, phi, t));
}

function secondDerivative(x: v128, t: usize): v128 {
  return f32x4.mul(density(x, t), f32x4.sub(v128.load(t, 26 * 16), f32x4.mul(x, x)));
}

/** out[n] = x·Φ(x). */
export function gelu(x: usize, out: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, value(v128.load(x), t));
  for (; n > 0; n--, x += 4, out += 4) v128.store_lane<f32>(out, value(v128.load32_zero(x), t), 0);
}

/** out[n] = Φ(x) + x·φ(x). */
export function geluDerivative(x: usize, out: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, derivative(v128.load(x), t));
  for (; n > 0; n--, x += 4, out += 4) v128.store_lane<f32>(out, derivative(v128.load32_zero(x), t), 0);
}

/** out[n] = φ(x)·(2 − x²). */
export function geluSecondDerivative(x: usize, out: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, secondDerivative(v128.load(x), t));
  for (; n > 0; n--, x += 4, out += 4) {
    v128.store_lane<f32>(out, secondDerivative(v128.load32_zero(x), t), 0);
  }
}

/** value[n] = x·Φ(x) and slope[n] = Φ(x) + x·φ(x), for the price of one exponential. */
export function geluWithDerivative(x: usize, value: usize, slope: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, value += 16, slope += 16) {
    const at = v128.load(x);
    const phi = density(at, t);
    const below = distribution(at, phi, t);
    v128.store(value, f32x4.mul(at, below));
    v128.store(slope, madd(at, phi, below));
  }
  for (; n > 0; n--, x += 4, value += 4, slope += 4) {
    const at = v128.load32_zero(x);
    const phi = density(at, t);
    const below = distribution(at, phi, t);
    v128.store_lane<f32>(value, f32x4.mul(at, below), 0);
    v128.store_lane<f32>(slope, madd(at, phi, below), 0);
  }
}
