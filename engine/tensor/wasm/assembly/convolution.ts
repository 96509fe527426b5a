import { addProduct, product } from './vectors';

/** Bytes of working memory of a convolution: its taps as rows. */
export function convolutionBytes(width: i32, taps: i32): usize {
  return (<usize>(2 * width * taps)) << 2;
}

function tapsAsRows(weight: usize, rows: usize, width: i32, taps: i32): void {
  for (let d = 0; d < width; d++) {
    for (let tap = 0; tap < taps; tap++) {
      store<f32>(rows + ((<usize>(tap * width + d)) << 2), load<f32>(weight));
      weight += 4;
    }
  }
}

/** The row `back` tokens before token t: of x, or of the tail where x begins later. */
function rowBefore(x: usize, tail: usize, t: i32, back: i32, taps: i32, row: usize): usize {
  return t >= back ? x + <usize>(t - back) * row : tail + <usize>(taps - 1 + t - back) * row;
}

/**
 * Causal depthwise convolution: out_t = Σ_back w_back · x_{t−back} for x [B, T, D], weight [D, K], tail [B, K − 1, D];
 * a tap that reaches further back than `since` [B, T] allows is left out. Also the next tail.
 */
export function convolution(
  x: usize,
  weight: usize,
  tail: usize,
  since: usize,
  out: usize,
  nextTail: usize,
  batch: i32,
  tokens: i32,
  width: i32,
  taps: i32,
  work: usize,
): void {
  const row = (<usize>width) << 2;
  tapsAsRows(weight, work, width, taps);
  for (; batch > 0; batch--) {
    for (let t = 0; t < tokens; t++, since += 4, out += row) {
      const reach = load<i32>(since);
      product(x + <usize>t * row, work + <usize>(taps - 1) * row, out, width);
      for (let back = 1; back < taps; back++) {
        if (reach < back) continue;
        const from = rowBefore(x, tail, t, back, taps, row);
        addProduct(from, work + <usize>(taps - 1 - back) * row, out, width);
      }
    }
    for (let i = 1; i < taps; i++, nextTail += row) {
      memory.copy(nextTail, rowBefore(x, tail, tokens - 1, taps - 1 - i, taps, row), row);
    }
    x += <usize>tokens * row;
    tail += <usize>(taps - 1) * row;
  }
}

/** Gradients of `convolution` for x, weight and tail from dOut [B, T, D] and dNextTail [B, K − 1, D]. */
export function convolutionGradient(
  x: usize,
  weight: usize,
  tail: usize,
  since: usize,
  dOut: usize,
  dNextTail: usize,
  dx: usize,
  dWeight: usize,
  dTail: usize,
  batch: i32,
  tokens: i32,
  width: i32,
  taps: i32,
  work: usize,
): void {
  const row = (<usize>width) << 2;
  const dTaps = work + <usize>taps * row;
  tapsAsRows(weight, work, width, taps);
  memory.fill(dTaps, 0, <usize>taps * row);
  memory.fill(dx, 0, <usize>(batch * tokens) * row);
  memory.fill(dTail, 0, <usize>(batch * (taps - 1)) * row);
  for (; batch > 0; batch--) {
    for (let t = 0; t < tokens; t++, since += 4, dOut += row) {
      const reach = load<i32>(since);
      for (let back = 0; back < taps; back++) {
        if (reach < back) continue;
        const at = <usize>(taps - 1 - back) * row;
        addProduct(dOut, work + at, rowBefore(dx, dTail, t, back, taps, row), width);
        addProduct(dOut, rowBefore(x, tail, t, back, taps, row), dTaps + at, width);
      }
    }
    for (let i = 1; i < taps; i++, dNextTail += row) {
      const to = rowBefore(dx, dTail, tokens - 1, taps - 1 - i, taps, row);
      for (let j: usize = 0; j < row; j += 4)
        store<f32>(to + j, load<f32>(to + j) + load<f32>(dNextTail + j));
    }
    x += <usize>tokens * row;
    dx += <usize>tokens * row;
    tail += <usize>(taps - 1) * row;
    dTail += <usize>(taps - 1) * row;
  }
  for (let d = 0; d < width; d++) {
    for (let tap = 0; tap < taps; tap++) {
      store<f32>(dWeight, load<f32>(dTaps + ((<usize>(tap * width + d)) << 2)));
      dWeight += 4;
    }
  }
}
