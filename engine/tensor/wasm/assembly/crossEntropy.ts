import { constants } from './constants';
import { exp4 } from './exp';

export function maximum(x: usize, n: i32): f32 {
  let best = f32x4.splat(-Infinity);
  for (; n >= 4; n -= 4, x += 16) best = f32x4.max(best, v128.load(x));
  for (; n > 0; n--, x += 4) best = f32x4.max(best, v128.load32_splat(x));
  best = f32x4.max(best, i32x4.shuffle(best, best, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1));
}

export function sumOfExponentials(x: usize, n: i32, shift: f32): f32 {
  const t = constants();
  const by = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(x), by), t));
  let rest: f32 = 0;
  for (; n > 0; n--, x += 4) {
    rest += f32x4.extract_lane(exp4(f32x4.sub(v128.load32_splat(x), by), t), 0);
  }
  const pairs = f32x4.add(sum, i32x4.shuffle(sum, sum, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1) + rest;
}

/** Largest element of each row and Σ exp(x − largest), from logits[rows, width]; the host takes the logarithm. */
export function rowSums(logits: usize, largest: usize, sums: usize, rows: i32, width: i32): void {
  for (; rows > 0; rows--) {
    const shift = maximum(logits, width);
    store<f32>(largest, shift);
    store<f32>(sums, sumOfExponentials(logits, width, shift));
    logits += (<usize>width) << 2;
    largest += 4;
    sums += 4;
  }
}

/** out[rows, width] = dy[rows]·(softmax(logits) − onehot(labels)), the softmax from its log normalizer. */
export function crossEntropyGradient(
  logits: usize,
  labels: usize,
  normalizers: usize,
  dy: usize,
  out: usize,
  rows: i32,
  width: i32,
): void {
  const t = constants();
  for (let i: usize = 0; i < (<usize>rows) << 2; i += 4) {
    const shift = v128.load32_splat(normalizers + i);
    const scale = v128.load32_splat(dy + i);
    const start = out;
    let n = width;
    for (; n >= 4; n -= 4, logits += 16, out += 16) {
      v128.store(out, f32x4.mul(scale, exp4(f32x4.sub(v128.load(logits), shift), t)));
    }
    for (; n > 0; n--, logits += 4, out += 4) {
      const e = exp4(f32x4.sub(v128.load32_splat(logits), shift), t);
      v128.store_lane<f32>(out, f32x4.mul(scale, e), 0);
    }
    const label = load<i32>(labels + i);
    if (label >= 0 && label < width) {
      const at = start + ((<usize>label) << 2);
      store<f32>(at, load<f32>(at) - load<f32>(dy + i));
    }
  }
}
