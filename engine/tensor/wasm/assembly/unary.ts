import { constants } from './constants';
import { exp4 } from './exp';
import { madd } from './simd';

// The operation is chosen at compile time by the size of a type, so that each gets a loop of its own.
type Exponential = u8;
type Sigmoid = u16;
type Tanh = u32;
type Softplus = u64;

/** 1/(1 + e⁻ˣ). */
function sigmoid4(x: v128, t: usize): v128 {
  const one = v128.load(t, 11 * 16);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x), t)));
}

/** Near 0 an odd polynomial (Cephes), which keeps the relative error small; else 1 − 2/(e^{2x} + 1). */
function tanh4(x: v128, t: usize): v128 {
  const one = v128.load(t, 11 * 16);
  const z = f32x4.mul(x, x);
  let p = madd(v128.load(t, 27 * 16), z, v128.load(t, 28 * 16));
  p = madd(p, z, v128.load(t, 29 * 16));
  p = madd(p, z, v128.load(t, 30 * 16));
  p = madd(p, z, v128.load(t, 31 * 16));
  const near = madd(f32x4.mul(p, z), x, x);
  const two = v128.load(t, 26 * 16);
  const far = f32x4.sub(one, f32x4.div(two, f32x4.add(exp4(f32x4.mul(x, two), t), one)));
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), v128.load(t, 32 * 16)));
}

/** log(1 + u) for 0 ≤ u ≤ 1 by log of s = 1 + u and the first-order correction for what s rounded away. */
function log1p4(u: v128, t: usize): v128 {
  const one = v128.load(t, 11 * 16);
  const s = f32x4.add(one, u);
  const lost = f32x4.div(f32x4.sub(u, f32x4.sub(s, one)), s);
  // Above √2 half of s is taken, and ln 2 added (Cephes).
  const large = f32x4.gt(s, v128.load(t, 33 * 16));
  const half = f32x4.neg(v128.load(t, 13 * 16));
  const r = f32x4.sub(v128.bitselect(f32x4.mul(s, half), s, large), one);
  let p = madd(v128.load(t, 34 * 16), r, v128.load(t, 35 * 16));
  p = madd(p, r, v128.load(t, 36 * 16));
  p = madd(p, r, v128.load(t, 37 * 16));
  p = madd(p, r, v128.load(t, 38 * 16));
  p = madd(p, r, v128.load(t, 39 * 16));
  p = madd(p, r, v128.load(t, 40 * 16));
  p = madd(p, r, v128.load(t, 41 * 16));
  p = madd(p, r, v128.load(t, 42 * 16));
  const z = f32x4.mul(r, r);
  const logarithm = f32x4.add(r, madd(f32x4.mul(p, r), z, f32x4.mul(z, v128.load(t, 13 * 16))));
  const shift = v128.and(large, v128.load(t, 43 * 16));
  return f32x4.add(f32x4.add(logarithm, shift), lost);
}

/** max(x, 0) + log(1 + e^{−|x|}). */
function softplus4(x: v128, t: usize): v128 {
  const u = exp4(f32x4.neg(f32x4.abs(x)), t);
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1p4(u, t));
}

/** The square of e^{x/2}, so that what is too large or too small for float32 becomes ∞ or 0 rather than clamped. */
export function exponential4(x: v128, t: usize): v128 {
  const root = exp4(f32x4.mul(x, f32x4.splat(0.5)), t);
  return f32x4.mul(root, root);
}

function apply<Operation>(x: v128, t: usize): v128 {
  if (sizeof<Operation>() === sizeof<Exponential>()) return exponential4(x, t);
  if (sizeof<Operation>() === sizeof<Sigmoid>()) return sigmoid4(x, t);
  if (sizeof<Operation>() === sizeof<Tanh>()) return tanh4(x, t);
  return softplus4(x, t);
}

function run<Operation>(x: usize, out: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, apply<Operation>(v128.load(x), t));
  for (; n > 0; n--, x += 4, out += 4) {
    v128.store_lane<f32>(out, apply<Operation>(v128.load32_zero(x), t), 0);
  }
}

/** out[n] = eˣ. */
export function exp(x: usize, out: usize, n: i32): void {
  run<Exponential>(x, out, n);
}

/** out[n] = 1/(1 + e⁻ˣ). */
export function sigmoid(x: usize, out: usize, n: i32): void {
  run<Sigmoid>(x, out, n);
}

/** out[n] = tanh x. */
export function tanh(x: usize, out: usize, n: i32): void {
  run<Tanh>(x, out, n);
}

/** out[n] = log(1 + eˣ). */
export function softplus(x: usize, out: usize, n: i32): void {
  run<Softplus>(x, out, n);
}

/** out[n] = √x. */
export function sqrt(x: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, f32x4.sqrt(v128.load(x)));
  for (; n > 0; n--, x += 4, out += 4) v128.store_lane<f32>(out, f32x4.sqrt(v128.load32_zero(x)), 0);
}

/** out[n] = 1/√x. */
export function rsqrt(x: usize, out: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, f32x4.div(one, f32x4.sqrt(v128.load(x))));
  for (; n > 0; n--, x += 4, out += 4) {
    v128.store_lane<f32>(out, f32x4.div(one, f32x4.sqrt(v128.load32_splat(x))), 0);
  }
}

/** out[n] = x/(1 + e⁻ˣ). */
export function silu(x: usize, out: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, out += 16) {
    const at = v128.load(x);
    v128.store(out, f32x4.mul(at, sigmoid4(at, t)));
  }
  for (; n > 0; n--, x += 4, out += 4) {
    const at = v128.load32_zero(x);
    v128.store_lane<f32>(out, f32x4.mul(at, sigmoid4(at, t)), 0);
  }
}

/** s + x·s·(1 − s) with s = 1/(1 + e⁻ˣ). */
function siluSlope(x: v128, t: usize): v128 {
  const s = sigmoid4(x, t);
  return madd(f32x4.mul(x, s), f32x4.sub(v128.load(t, 11 * 16), s), s);
}

/** out[n] = the derivative of `silu`. */
export function siluDerivative(x: usize, out: usize, n: i32): void {
  const t = constants();
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, siluSlope(v128.load(x), t));
  for (; n > 0; n--, x += 4, out += 4) v128.store_lane<f32>(out, siluSlope(v128.load32_zero(x), t), 0);
}
