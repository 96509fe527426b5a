/** Copies four panels at once: rows far apart fall on the same cache lines, so each is read whole. */
function packFourPanels(from: usize, stepB: usize, to: usize, k: i32): void {
  const panel = (<usize>k) << 5;
  let to1 = to + panel;
  let to2 = to1 + panel;
  let to3 = to2 + panel;
  for (let i = 0; i < k; i++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to1, v128.load(from, 32));
    v128.store(to1, v128.load(from, 48), 16);
    v128.store(to2, v128.load(from, 64));
    v128.store(to2, v128.load(from, 80), 16);
    v128.store(to3, v128.load(from, 96));
    v128.store(to3, v128.load(from, 112), 16);
    from += stepB;
    to += 32;
    to1 += 32;
    to2 += 32;
    to3 += 32;
  }
}

/** Copies B[k, n] (rows `stepB` bytes apart) into panels of eight columns, the last one padded with zeros. */
export function packColumns(b: usize, stepB: usize, to: usize, k: i32, n: i32): void {
  let j = 0;
  for (; j + 32 <= n; j += 32) {
    packFourPanels(b + ((<usize>j) << 2), stepB, to, k);
    to += (<usize>k) << 7;
  }
  for (; j < n; j += 8) {
    let from = b + ((<usize>j) << 2);
    const columns = n - j;
    for (let i = 0; i < k; i++) {
      if (columns >= 8) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let x = 0; x < 8; x++) {
          store<f32>(to + ((<usize>x) << 2), x < columns ? load<f32>(from + ((<usize>x) << 2)) : 0);
        }
      }
      from += stepB;
      to += 32;
    }
  }
}

/** Copies B[n, k]ᵀ (rows `stepB` bytes apart) into the same panels, transposing 4×4 blocks in registers. */
export function packRows(b: usize, stepB: usize, to: usize, k: i32, n: i32): void {
  for (let j = 0; j < n; j += 4) {
    // Panels are 8 wide; a group of four rows fills one half of a panel.
    const half = to + <usize>(j >> 3) * ((<usize>k) << 5) + ((<usize>(j & 4)) << 2);
    const rows = n - j;
    const r0 = b + <usize>j * stepB;
    if (rows >= 4) {
      const r1 = r0 + stepB;
      const r2 = r1 + stepB;
      const r3 = r2 + stepB;
      let out = half;
      let i = 0;
      for (; i + 4 <= k; i += 4) {
        const x = (<usize>i) << 2;
        const v0 = v128.load(r0 + x);
        const v1 = v128.load(r1 + x);
        const v2 = v128.load(r2 + x);
        const v3 = v128.load(r3 + x);
        const low01 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
        const high01 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
        const low23 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
        const high23 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
        v128.store(out, i64x2.shuffle(low01, low23, 0, 2));
        v128.store(out, i64x2.shuffle(low01, low23, 1, 3), 32);
        v128.store(out, i64x2.shuffle(high01, high23, 0, 2), 64);
        v128.store(out, i64x2.shuffle(high01, high23, 1, 3), 96);
        out += 128;
      }
      for (; i < k; i++) {
        const x = (<usize>i) << 2;
        v128.store(out, f32x4(load<f32>(r0 + x), load<f32>(r1 + x), load<f32>(r2 + x), load<f32>(r3 + x)));
        out += 32;
      }
    } else {
      let out = half;
      for (let i = 0; i < k; i++) {
        for (let r = 0; r < 4; r++) {
          const from = r0 + <usize>r * stepB + ((<usize>i) << 2);
          store<f32>(out + ((<usize>r) << 2), r < rows ? load<f32>(from) : 0);
        }
        out += 32;
      }
    }
    // An odd group leaves the other half of its panel unwritten.
    if (rows <= 4 && !(j & 4)) {
      let out = half + 16;
      for (let i = 0; i < k; i++) {
        v128.store(out, f32x4.splat(0));
        out += 32;
      }
    }
  }
}

/** Copies A[k, ·]ᵀ columns i … i+3 into [k, 4]; a missing column repeats the last one. */
export function packFour(a0: usize, a1: usize, a2: usize, a3: usize, stepA: usize, to: usize, k: i32): void {
  const contiguous = a3 - a0 === 12 && a1 - a0 === 4;
  for (let i = 0; i < k; i++) {
    if (contiguous) v128.store(to, v128.load(a0));
    else v128.store(to, f32x4(load<f32>(a0), load<f32>(a1), load<f32>(a2), load<f32>(a3)));
    a0 += stepA;
    a1 += stepA;
    a2 += stepA;
    a3 += stepA;
    to += 16;
  }
}

/** The same of columns i … i+5, into [k, 6]. */
export function packSix(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  a4: usize,
  a5: usize,
  stepA: usize,
  to: usize,
  k: i32,
): void {
  const contiguous = a1 - a0 === 4 && a5 - a0 === 20;
  for (let i = 0; i < k; i++) {
    if (contiguous) {
      v128.store(to, v128.load(a0));
      store<i64>(to, load<i64>(a0, 16), 16);
    } else {
      v128.store(to, f32x4(load<f32>(a0), load<f32>(a1), load<f32>(a2), load<f32>(a3)));
      store<f32>(to, load<f32>(a4), 16);
      store<f32>(to, load<f32>(a5), 20);
    }
    a0 += stepA;
    a1 += stepA;
    a2 += stepA;
    a3 += stepA;
    a4 += stepA;
    a5 += stepA;
    to += 24;
  }
}
