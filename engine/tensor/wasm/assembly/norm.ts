import { sumLanes } from './simd';
import { addScaled, dot } from './vectors';

function sumOf(x: usize, n: i32): f32 {
  let s = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) s = f32x4.add(s, v128.load(x));
  let sum = sumLanes(s);
  for (; n > 0; n--, x += 4) sum += load<f32>(x);
  return sum;
}

/** Σ (x − mean)². */
function squaresAround(mean: f32, x: usize, n: i32): f32 {
  const m = f32x4.splat(mean);
  let s = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) {
    const c = f32x4.sub(v128.load(x), m);
    s = f32x4.add(s, f32x4.mul(c, c));
  }
  let sum = sumLanes(s);
  for (; n > 0; n--, x += 4) {
    const c = load<f32>(x) - mean;
    sum += c * c;
  }
  return sum;
}

/** out = (x − mean)·weight/√(variance + ε) + bias for each row; the two statistics to `means` and `scales`. */
export function layerNorm(
  x: usize,
  weight: usize,
  bias: usize,
  out: usize,
  means: usize,
  scales: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
): void {
  const bytes = (<usize>width) << 2;
  const whole = bytes & ~15;
  for (; rows > 0; rows--, x += bytes, out += bytes, means += 4, scales += 4) {
    const mean = sumOf(x, width) / <f32>width;
    const scale: f32 = 1 / Mathf.sqrt(squaresAround(mean, x, width) / <f32>width + epsilon);
    store<f32>(means, mean);
    store<f32>(scales, scale);
    const m = f32x4.splat(mean);
    const s = f32x4.splat(scale);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const normed = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      v128.store(out + i, f32x4.add(f32x4.mul(normed, v128.load(weight + i)), v128.load(bias + i)));
    }
    for (; i < bytes; i += 4) {
      const normed = (load<f32>(x + i) - mean) * scale;
      store<f32>(out + i, normed * load<f32>(weight + i) + load<f32>(bias + i));
    }
  }
}

/** Gradient of `layerNorm`: dx, and the sums over rows dWeight and dBias. With n = (x − mean)·scale and g = dy·weight, dx = scale·(g − mean(g) − n·mean(g·n)). */
export function layerNormGradient(
  x: usize,
  weight: usize,
  means: usize,
  scales: usize,
  dy: usize,
  dx: usize,
  dWeight: usize,
  dBias: usize,
  rows: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2;
  const whole = bytes & ~15;
  memory.fill(dWeight, 0, bytes);
  memory.fill(dBias, 0, bytes);
  for (; rows > 0; rows--, x += bytes, dy += bytes, dx += bytes, means += 4, scales += 4) {
    const mean = load<f32>(means);
    const scale = load<f32>(scales);
    const m = f32x4.splat(mean);
    const s = f32x4.splat(scale);
    let sums = f32x4.splat(0);
    let products = f32x4.splat(0);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const normed = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      const d = v128.load(dy + i);
      const g = f32x4.mul(d, v128.load(weight + i));
      const dn = f32x4.mul(d, normed);
      sums = f32x4.add(sums, g);
      products = f32x4.add(products, f32x4.mul(g, normed));
      v128.store(dWeight + i, f32x4.add(v128.load(dWeight + i), dn));
      v128.store(dBias + i, f32x4.add(v128.load(dBias + i), d));
    }
    let sum = sumLanes(sums);
    let product = sumLanes(products);
    for (; i < bytes; i += 4) {
      const normed = (load<f32>(x + i) - mean) * scale;
      const d = load<f32>(dy + i);
      const g = d * load<f32>(weight + i);
      sum += g;
      product += g * normed;
      store<f32>(dWeight + i, load<f32>(dWeight + i) + d * normed);
      store<f32>(dBias + i, load<f32>(dBias + i) + d);
    }
    const meanG = sum / <f32>width;
    const meanGn = product / <f32>width;
    const mg = f32x4.splat(meanG);
    const mgn = f32x4.splat(meanGn);
    for (i = 0; i < whole; i += 16) {
      const normed = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
      v128.store(dx + i, f32x4.mul(s, f32x4.sub(f32x4.sub(g, mg), f32x4.mul(normed, mgn))));
    }
    for (; i < bytes; i += 4) {
      const normed = (load<f32>(x + i) - mean) * scale;
      const g = load<f32>(dy + i) * load<f32>(weight + i);
      store<f32>(dx + i, scale * (g - meanG - normed * meanGn));
    }
  }
}

/** out = weight·x/√(Σ x²·share + ε) for each row; no weight where its address is 0. */
export function rmsNorm(
  x: usize,
  weight: usize,
  out: usize,
  rows: i32,
  width: i32,
  share: f32,
  epsilon: f32,
): void {
  const bytes = (<usize>width) << 2;
  const whole = bytes & ~15;
  for (; rows > 0; rows--, x += bytes, out += bytes) {
    const scale: f32 = 1 / Mathf.sqrt(dot(x, x, width) * share + epsilon);
    const s = f32x4.splat(scale);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const normed = f32x4.mul(v128.load(x + i), s);
      v128.store(out + i, weight === 0 ? normed : f32x4.mul(normed, v128.load(weight + i)));
    }
    for (; i < bytes; i += 4) {
      store<f32>(out + i, load<f32>(x + i) * scale * (weight === 0 ? 1 : load<f32>(weight + i)));
    }
  }
}

/** Gradient of `rmsNorm`: with g = dy·weight, dx = scale·g − scale³·share·(g·x)·x, and Σ over rows dy·x·scale. */
export function rmsNormGradient(
  x: usize,
  weight: usize,
  dy: usize,
  dx: usize,
  dWeight: usize,
  rows: i32,
  width: i32,
  share: f32,
  epsilon: f32,
): void {
  const bytes = (<usize>width) << 2;
  if (weight !== 0) memory.fill(dWeight, 0, bytes);
  for (; rows > 0; rows--, x += bytes, dy += bytes, dx += bytes) {
    const scale: f32 = 1 / Mathf.sqrt(dot(x, x, width) * share + epsilon);
    let i: usize = 0;
    for (; i < bytes; i += 4) {
      const d = load<f32>(dy + i);
      store<f32>(dx + i, scale * (weight === 0 ? d : d * load<f32>(weight + i)));
      if (weight !== 0) store<f32>(dWeight + i, load<f32>(dWeight + i) + d * load<f32>(x + i) * scale);
    }
    // dx holds scale·g.
    addScaled(-scale * scale * share * dot(dx, x, width), x, dx, width);
  }
}
