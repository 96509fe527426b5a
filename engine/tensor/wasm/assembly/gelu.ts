import { constants } from './constants';
import { exp4 } from './exp';
import { madd } from './simd';

/** e^{−x²/2}. */
function power(x: v128, t: usize): v128 {
  return exp4(f32x4.mul(f32x4.mul(x, x), v128.load(t, 13 * 16)), t);
}

/** φ(x), the standard normal density, from e^{−x²/2}. */
function density(e: v128, t: usize): v128 {
  return f32x4.mul(e, v128.load(t, 14 * 16));
}

/**
 * Φ(x) from e^{−x²/2}: Φ(−|x|) = e^{−x²/2}·g(u) with u = 1/(1 + 0.29|x|), g a minimax fit of erfcx(|x|/√2)/2 with a
 * relative error of 3.3e-8 up to |x| = 12; the reflection of the small tail keeps both sides accurate.
 */
function distribution(x: v128, e: v128, t: usize): v128 {
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
  const tail = f32x4.mul(g, e);
  return v128.bitselect(tail, f32x4.sub(one, tail), i32x4.shr_s(x, 31));
}

function value(x: v128, t: usize): v128 {
  return f32x4.mul(x, distribution(x, power(x, t), t));
}

function derivative(x: v128, t: usize): v128 {
  const e = power(x, t);
  return madd(x, density(e, t), distribution(x, e, t));
}

function secondDerivative(x: v128, t: usize): v128 {
  return f32x4.mul(density(power(x, t), t), f32x4.sub(v128.load(t, 26 * 16), f32x4.mul(x, x)));
}

// A chain of some thirty operations keeps a core waiting, which looks only so far ahead for others. So a block goes
// first to e^{−x²/2}, then to Φ(x), in two loops that are short enough for several vectors in flight.
const block: i32 = 1024;

/** out[n] = e^{−x²/2}, n a multiple of four: `power`, its constants read once. */
function powers(x: usize, out: usize, n: i32, t: usize): void {
  const low = v128.load(t);
  const log2 = v128.load(t, 2 * 16);
  const split1 = v128.load(t, 3 * 16);
  const split2 = v128.load(t, 4 * 16);
  const c6 = v128.load(t, 5 * 16);
  const c5 = v128.load(t, 6 * 16);
  const c4 = v128.load(t, 7 * 16);
  const c3 = v128.load(t, 8 * 16);
  const c2 = v128.load(t, 9 * 16);
  const c1 = v128.load(t, 10 * 16);
  const one = v128.load(t, 11 * 16);
  const half = v128.load(t, 13 * 16);
  const magic = v128.load(t, 25 * 16);
  for (; n > 0; n -= 4, x += 16, out += 16) {
    const z = v128.load(x);
    // Never above 0, so it needs no upper bound.
    const y = f32x4.pmax(f32x4.mul(f32x4.mul(z, z), half), low);
    const biased = madd(y, log2, magic);
    const whole = f32x4.sub(biased, magic);
    const r = madd(whole, split2, madd(whole, split1, y));
    let p = madd(madd(madd(madd(madd(c6, r, c5), r, c4), r, c3), r, c2), r, c1);
    p = madd(p, f32x4.mul(r, r), f32x4.add(r, one));
    // What is added to the exponent's bits multiplies; of a NaN it may leave none, but that meets x again.
    v128.store(out, i32x4.add(p, i32x4.shl(biased, 23)));
  }
}

/** value[n] = x·Φ(x) and, where `slope` is not 0, slope[n] = Φ(x) + x·φ(x), n a multiple of four. */
function fromPowers(x: usize, powers: usize, value: usize, slope: usize, n: i32, t: usize): void {
  const one = v128.load(t, 11 * 16);
  const scale = v128.load(t, 14 * 16);
  const c0 = v128.load(t, 15 * 16);
  const g8 = v128.load(t, 16 * 16);
  const g7 = v128.load(t, 17 * 16);
  const g6 = v128.load(t, 18 * 16);
  const g5 = v128.load(t, 19 * 16);
  const g4 = v128.load(t, 20 * 16);
  const g3 = v128.load(t, 21 * 16);
  const g2 = v128.load(t, 22 * 16);
  const g1 = v128.load(t, 23 * 16);
  const g0 = v128.load(t, 24 * 16);
  for (; n > 0; n -= 4, x += 16, powers += 16, value += 16) {
    const z = v128.load(x);
    const e = v128.load(powers);
    const u = f32x4.div(one, madd(f32x4.abs(z), c0, one));
    let g = madd(madd(madd(madd(g8, u, g7), u, g6), u, g5), u, g4);
    g = madd(madd(madd(madd(g, u, g3), u, g2), u, g1), u, g0);
    const tail = f32x4.mul(g, e);
    const below = v128.bitselect(tail, f32x4.sub(one, tail), i32x4.shr_s(z, 31));
    v128.store(value, f32x4.mul(z, below));
    if (slope !== 0) {
      v128.store(slope, madd(z, f32x4.mul(e, scale), below));
      slope += 16;
    }
  }
}

/** out[n] = x·Φ(x), x and out apart. */
export function gelu(x: usize, out: usize, n: i32): void {
  const t = constants();
  while (n >= 4) {
    const count = min(n & ~3, block);
    const bytes = (<usize>count) << 2;
    powers(x, out, count, t);
    fromPowers(x, out, out, 0, count, t);
    x += bytes;
    out += bytes;
    n -= count;
  }
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

/** value[n] = x·Φ(x) and slope[n] = Φ(x) + x·φ(x), for the price of one exponential; x, value and slope apart. */
export function geluWithDerivative(x: usize, value: usize, slope: usize, n: i32): void {
  const t = constants();
  while (n >= 4) {
    const count = min(n & ~3, block);
    const bytes = (<usize>count) << 2;
    powers(x, slope, count, t);
    fromPowers(x, slope, value, slope, count, t);
    x += bytes;
    value += bytes;
    slope += bytes;
    n -= count;
  }
  for (; n > 0; n--, x += 4, value += 4, slope += 4) {
    const at = v128.load32_zero(x);
    const e = power(at, t);
    const below = distribution(at, e, t);
    v128.store_lane<f32>(value, f32x4.mul(at, below), 0);
    v128.store_lane<f32>(slope, madd(at, density(e, t), below), 0);
  }
}
