import { madd, sumLanes } from './simd';

/** Σ x·y over n elements. */
export function dot(x: usize, y: usize, n: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    s0 = madd(v128.load(x), v128.load(y), s0);
    s1 = madd(v128.load(x, 16), v128.load(y, 16), s1);
  }
  for (; n >= 4; n -= 4, x += 16, y += 16) s0 = madd(v128.load(x), v128.load(y), s0);
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; n > 0; n--, x += 4, y += 4) sum += load<f32>(x) * load<f32>(y);
  return sum;
}

/** out = s·x. */
export function scale(s: f32, x: usize, out: usize, n: i32): void {
  const by = f32x4.splat(s);
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, f32x4.mul(by, v128.load(x)));
  for (; n > 0; n--, x += 4, out += 4) store<f32>(out, s * load<f32>(x));
}

/** out += s·x. */
export function addScaled(s: f32, x: usize, out: usize, n: i32): void {
  const by = f32x4.splat(s);
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, madd(by, v128.load(x), v128.load(out)));
  for (; n > 0; n--, x += 4, out += 4) store<f32>(out, load<f32>(out) + s * load<f32>(x));
}

/** out = s·x + t·y. */
export function combine(s: f32, x: usize, t: f32, y: usize, out: usize, n: i32): void {
  const byX = f32x4.splat(s);
  const byY = f32x4.splat(t);
  for (; n >= 4; n -= 4, x += 16, y += 16, out += 16) {
    v128.store(out, madd(byX, v128.load(x), f32x4.mul(byY, v128.load(y))));
  }
  for (; n > 0; n--, x += 4, y += 4, out += 4) store<f32>(out, s * load<f32>(x) + t * load<f32>(y));
}

/** out = x·y, element by element. */
export function product(x: usize, y: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16, out += 16) {
    v128.store(out, f32x4.mul(v128.load(x), v128.load(y)));
  }
  for (; n > 0; n--, x += 4, y += 4, out += 4) store<f32>(out, load<f32>(x) * load<f32>(y));
}

/** out += x·y, element by element. */
export function addProduct(x: usize, y: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16, out += 16) {
    v128.store(out, madd(v128.load(x), v128.load(y), v128.load(out)));
  }
  for (; n > 0; n--, x += 4, y += 4, out += 4) store<f32>(out, load<f32>(out) + load<f32>(x) * load<f32>(y));
}
