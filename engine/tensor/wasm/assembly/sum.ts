import { sumLanes } from './simd';

// A float32 sum of many terms loses digits; blocks of this many are added up in float64.
const blockLength: i32 = 1024;

function sumOfRow(x: usize, n: i32): f32 {
  let total: f64 = 0;
  while (n > 0) {
    let left = min(n, blockLength);
    n -= left;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (; left >= 16; left -= 16, x += 64) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    for (; left >= 4; left -= 4, x += 16) s0 = f32x4.add(s0, v128.load(x));
    total += <f64>sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    for (; left > 0; left--, x += 4) total += <f64>load<f32>(x);
  }
  return <f32>total;
}

/** out[outer, inner] = Σ over the middle axis of x[outer, middle, inner]. */
export function sum(x: usize, out: usize, outer: i32, middle: i32, inner: i32): void {
  if (inner === 1) {
    for (; outer > 0; outer--, out += 4) {
      store<f32>(out, sumOfRow(x, middle));
      x += (<usize>middle) << 2;
    }
    return;
  }
  const rowBytes = (<usize>inner) << 2;
  const wholeBytes = (<usize>(inner & ~3)) << 2;
  for (; outer > 0; outer--, out += rowBytes) {
    memory.fill(out, 0, rowBytes);
    for (let i = 0; i < middle; i++) {
      let j: usize = 0;
      for (; j < wholeBytes; j += 16) v128.store(out + j, f32x4.add(v128.load(out + j), v128.load(x + j)));
      for (; j < rowBytes; j += 4) store<f32>(out + j, load<f32>(out + j) + load<f32>(x + j));
      x += rowBytes;
    }
  }
}
