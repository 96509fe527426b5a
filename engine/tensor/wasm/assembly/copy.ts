/** Copies `count` blocks of `bytes` (a multiple of 4), each a step further on either side. */
export function copyBlocks(
  from: usize,
  stepFrom: usize,
  to: usize,
  stepTo: usize,
  bytes: usize,
  count: i32,
): void {
  const whole = bytes & ~15;
  for (; count > 0; count--) {
    // The instruction leaves for a library routine, which short blocks do not repay.
    if (bytes > 1024) memory.copy(to, from, bytes);
    else {
      let i: usize = 0;
      for (; i < whole; i += 16) v128.store(to + i, v128.load(from + i));
      for (; i < bytes; i += 4) store<u32>(to + i, load<u32>(from + i));
    }
    from += stepFrom;
    to += stepTo;
  }
}

/** Sets `bytes` bytes to zero. */
export function clear(to: usize, bytes: usize): void {
  memory.fill(to, 0, bytes);
}

/** out[batch, n, m] = x[batch, m, n]ᵀ, in 4×4 blocks of 4-byte elements. */
export function transposeMatrices(x: usize, out: usize, batch: i32, m: i32, n: i32): void {
  const rowX = (<usize>n) << 2;
  const rowOut = (<usize>m) << 2;
  for (; batch > 0; batch--) {
    // Columns outside: the four rows that are written stay in the cache while x is read across its rows.
    for (let j = 0; j < n; j += 4) {
      for (let i = 0; i < m; i += 4) {
        const from = x + <usize>i * rowX + ((<usize>j) << 2);
        const to = out + <usize>j * rowOut + ((<usize>i) << 2);
        if (i + 4 <= m && j + 4 <= n) {
          const v0 = v128.load(from);
          const v1 = v128.load(from + rowX);
          const v2 = v128.load(from + 2 * rowX);
          const v3 = v128.load(from + 3 * rowX);
          const low01 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
          const high01 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
          const low23 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
          const high23 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
          v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
          v128.store(to + rowOut, i64x2.shuffle(low01, low23, 1, 3));
          v128.store(to + 2 * rowOut, i64x2.shuffle(high01, high23, 0, 2));
          v128.store(to + 3 * rowOut, i64x2.shuffle(high01, high23, 1, 3));
        } else {
          for (let q = 0; q < 4 && j + q < n; q++) {
            for (let p = 0; p < 4 && i + p < m; p++) {
              store<u32>(
                to + <usize>q * rowOut + ((<usize>p) << 2),
                load<u32>(from + <usize>p * rowX + ((<usize>q) << 2)),
              );
            }
          }
        }
      }
    }
    x += <usize>m * rowX;
    out += <usize>m * rowX;
  }
}

/**
 * out[n0, n1, n2] from x, which advances by `step0` and `step1` bytes along the outer axes and, along the last one,
 * either element by element or not at all.
 */
export function expand(
  x: usize,
  out: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  step0: usize,
  step1: usize,
  advance: bool,
): void {
  for (; n0 > 0; n0--, x += step0) {
    let from = x;
    for (let j = n1; j > 0; j--, from += step1) {
      let n = n2;
      if (advance) {
        let at = from;
        for (; n >= 4; n -= 4, at += 16, out += 16) v128.store(out, v128.load(at));
        for (; n > 0; n--, at += 4, out += 4) store<u32>(out, load<u32>(at));
      } else {
        const value = v128.load32_splat(from);
        for (; n >= 4; n -= 4, out += 16) v128.store(out, value);
        for (; n > 0; n--, out += 4) v128.store_lane<f32>(out, value, 0);
      }
    }
  }
}
