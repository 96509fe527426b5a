import { blockLength, writeSquares } from './squares';
import { combine } from './vectors';

/**
 * after = θ − rate·error for n weights, measured while they are in the first-level cache: sums[4] += what `writeSquares`
 * adds of them, bit by bit. @param work four float64
 */
export function descendMeasured(
  theta: usize,
  error: usize,
  rate: f32,
  after: usize,
  base: usize,
  sums: usize,
  work: usize,
  n: i32,
): void {
  memory.fill(work, 0, 32);
  while (n > 0) {
    const count = min(n, blockLength);
    const bytes = (<usize>count) << 2;
    combine(1, theta, -rate, error, after, count);
    writeSquares(error, 0, after, base, work, count);
    theta += bytes;
    error += bytes;
    after += bytes;
    base += bytes;
    n -= count;
  }
  for (let i: usize = 0; i < 32; i += 8) store<f64>(sums + i, load<f64>(sums + i) + load<f64>(work + i));
}
