import { constants } from './constants';
import { maximum, sumOfExponentials } from './crossEntropy';
import { exponential4 } from './unary';

/** out = exp(x)/Σ exp(x) for each row of x [rows, width]; what is too small for float32 becomes 0, as a mask wants. */
export function softmax(x: usize, out: usize, rows: i32, width: i32): void {
  const t = constants();
  for (; rows > 0; rows--) {
    const largest = maximum(x, width);
    const shift = f32x4.splat(largest);
    const scale = f32x4.splat(1 / sumOfExponentials(x, width, largest));
    let n = width;
    for (; n >= 4; n -= 4, x += 16, out += 16) {
      v128.store(out, f32x4.mul(scale, exponential4(f32x4.sub(v128.load(x), shift), t)));
    }
    for (; n > 0; n--, x += 4, out += 4) {
      v128.store_lane<f32>(out, f32x4.mul(scale, exponential4(f32x4.sub(v128.load32_splat(x), shift), t)), 0);
    }
  }
}
