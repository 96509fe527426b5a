import { madd } from './simd';

/**
 * One AdamW step in place: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← keep·θ − rate·m/(√v·correction + ε).
 * The host folds bias correction and decay into `rate`, `correction` and `keep`.
 */
export function adamW(
  weights: usize,
  gradient: usize,
  first: usize,
  second: usize,
  n: i32,
  beta1: f32,
  beta2: f32,
  rest1: f32,
  rest2: f32,
  keep: f32,
  rate: f32,
  correction: f32,
  epsilon: f32,
): void {
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const r1 = f32x4.splat(rest1);
  const r2 = f32x4.splat(rest2);
  const k = f32x4.splat(keep);
  const by = f32x4.splat(rate);
  const c = f32x4.splat(correction);
  const e = f32x4.splat(epsilon);
  for (; n >= 4; n -= 4, weights += 16, gradient += 16, first += 16, second += 16) {
    const g = v128.load(gradient);
    const m = madd(b1, v128.load(first), f32x4.mul(r1, g));
    const v = madd(b2, v128.load(second), f32x4.mul(r2, f32x4.mul(g, g)));
    v128.store(first, m);
    v128.store(second, v);
    const step = f32x4.div(f32x4.mul(by, m), madd(f32x4.sqrt(v), c, e));
    v128.store(weights, f32x4.sub(f32x4.mul(k, v128.load(weights)), step));
  }
  for (; n > 0; n--, weights += 4, gradient += 4, first += 4, second += 4) {
    const g = load<f32>(gradient);
    const m = beta1 * load<f32>(first) + rest1 * g;
    const v = beta2 * load<f32>(second) + rest2 * (g * g);
    store<f32>(first, m);
    store<f32>(second, v);
    store<f32>(weights, keep * load<f32>(weights) - (rate * m) / (Mathf.sqrt(v) * correction + epsilon));
  }
}
