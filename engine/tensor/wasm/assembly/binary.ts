// The operation is chosen at compile time by the size of a type, so that each gets loops of its own.
type Add = u8;
type Subtract = u16;
type Multiply = u32;
type Divide = u64;

function apply<Operation>(x: v128, y: v128): v128 {
  if (sizeof<Operation>() === sizeof<Add>()) return f32x4.add(x, y);
  if (sizeof<Operation>() === sizeof<Subtract>()) return f32x4.sub(x, y);
  if (sizeof<Operation>() === sizeof<Multiply>()) return f32x4.mul(x, y);
  return f32x4.div(x, y);
}

/** One row; an operand that does not advance is a single number. */
function row<Operation>(a: usize, b: usize, out: usize, n: i32, advanceA: bool, advanceB: bool): void {
  if (advanceA && advanceB) {
    for (; n >= 4; n -= 4, a += 16, b += 16, out += 16) {
      v128.store(out, apply<Operation>(v128.load(a), v128.load(b)));
    }
    for (; n > 0; n--, a += 4, b += 4, out += 4) {
      v128.store_lane<f32>(out, apply<Operation>(v128.load32_splat(a), v128.load32_splat(b)), 0);
    }
  } else if (advanceA) {
    const y = v128.load32_splat(b);
    for (; n >= 4; n -= 4, a += 16, out += 16) v128.store(out, apply<Operation>(v128.load(a), y));
    for (; n > 0; n--, a += 4, out += 4) {
      v128.store_lane<f32>(out, apply<Operation>(v128.load32_splat(a), y), 0);
    }
  } else {
    const x = v128.load32_splat(a);
    for (; n >= 4; n -= 4, b += 16, out += 16) v128.store(out, apply<Operation>(x, v128.load(b)));
    for (; n > 0; n--, b += 4, out += 4) {
      v128.store_lane<f32>(out, apply<Operation>(x, v128.load32_splat(b)), 0);
    }
  }
}

function rows<Operation>(
  a: usize,
  b: usize,
  out: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  b0: usize,
  b1: usize,
  b2: usize,
): void {
  const rowBytes = (<usize>n2) << 2;
  for (let i = 0; i < n0; i++) {
    let x = a;
    let y = b;
    for (let j = 0; j < n1; j++) {
      row<Operation>(x, y, out, n2, a2 !== 0, b2 !== 0);
      x += a1;
      y += b1;
      out += rowBytes;
    }
    a += a0;
    b += b0;
  }
}

/**
 * out[n0, n1, n2] = a + b. `a0` … `b2` are the bytes from one element to the next along each axis, 0 where the
 * operand is broadcast; along the last axis 4 or 0, and not 0 for both.
 */
export function add(
  a: usize,
  b: usize,
  out: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  b0: usize,
  b1: usize,
  b2: usize,
): void {
  rows<Add>(a, b, out, n0, n1, n2, a0, a1, a2, b0, b1, b2);
}

/** out = a − b, as `add`. */
export function subtract(
  a: usize,
  b: usize,
  out: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  b0: usize,
  b1: usize,
  b2: usize,
): void {
  rows<Subtract>(a, b, out, n0, n1, n2, a0, a1, a2, b0, b1, b2);
}

/** out = a·b element by element, as `add`. */
export function multiply(
  a: usize,
  b: usize,
  out: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  b0: usize,
  b1: usize,
  b2: usize,
): void {
  rows<Multiply>(a, b, out, n0, n1, n2, a0, a1, a2, b0, b1, b2);
}

/** out = a/b, as `add`. */
export function divide(
  a: usize,
  b: usize,
  out: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  b0: usize,
  b1: usize,
  b2: usize,
): void {
  rows<Divide>(a, b, out, n0, n1, n2, a0, a1, a2, b0, b1, b2);
}
