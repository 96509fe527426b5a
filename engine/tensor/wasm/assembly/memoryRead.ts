import { gelu, geluDerivative, geluWithDerivative } from './gelu';
import { matMul, matMulScratchBytes } from './matMul';
import { product } from './vectors';

/** Bytes of working memory that reading needs, and its gradient. */
export function readBytes(tokens: i32, hidden: i32): usize {
  return matMulScratchBytes() + ((<usize>(2 * tokens * hidden)) << 2);
}

/** out[G, C, O] = (O = D ? z : 0) + σ(z W2ᵀ) W1ᵀ, and z W2ᵀ [G, C, H] to `pre`. */
export function readMemory(
  z: usize,
  w1: usize,
  w2: usize,
  answers: usize,
  pre: usize,
  groups: i32,
  tokens: i32,
  width: i32,
  hidden: i32,
  out: i32,
  work: usize,
): void {
  const activity = work + matMulScratchBytes();
  const residual = out === width;
  const answersBytes = (<usize>(tokens * out)) << 2;
  for (; groups > 0; groups--) {
    matMul(z, w2, pre, tokens, hidden, width, false, true, work, false);
    gelu(pre, activity, tokens * hidden);
    if (residual) memory.copy(answers, z, answersBytes);
    matMul(activity, w1, answers, tokens, out, hidden, false, true, work, residual);
    z += (<usize>(tokens * width)) << 2;
    w1 += (<usize>(out * hidden)) << 2;
    w2 += (<usize>(hidden * width)) << 2;
    pre += (<usize>(tokens * hidden)) << 2;
    answers += answersBytes;
  }
}

/** Gradients of `readMemory`; an address of 0 leaves one out. */
export function readMemoryGradient(
  z: usize,
  w1: usize,
  w2: usize,
  pre: usize,
  dOut: usize,
  dz: usize,
  dW1: usize,
  dW2: usize,
  groups: i32,
  tokens: i32,
  width: i32,
  hidden: i32,
  out: i32,
  work: usize,
): void {
  const activity = work + matMulScratchBytes();
  const dPre = activity + ((<usize>(tokens * hidden)) << 2);
  const residual = out === width;
  const zBytes = (<usize>(tokens * width)) << 2;
  for (; groups > 0; groups--) {
    if (dW1 !== 0) {
      geluWithDerivative(pre, activity, dPre, tokens * hidden);
      matMul(dOut, activity, dW1, out, hidden, tokens, true, false, work, false);
      dW1 += (<usize>(out * hidden)) << 2;
    } else geluDerivative(pre, dPre, tokens * hidden);
    matMul(dOut, w1, activity, tokens, hidden, out, false, false, work, false);
    product(activity, dPre, dPre, tokens * hidden);
    if (dW2 !== 0) {
      matMul(dPre, z, dW2, hidden, width, tokens, true, false, work, false);
      dW2 += (<usize>(hidden * width)) << 2;
    }
    if (residual) memory.copy(dz, dOut, zBytes);
    matMul(dPre, w2, dz, tokens, width, hidden, false, false, work, residual);
    z += zBytes;
    dz += zBytes;
    w1 += (<usize>(out * hidden)) << 2;
    w2 += (<usize>(hidden * width)) << 2;
    pre += (<usize>(tokens * hidden)) << 2;
    dOut += (<usize>(tokens * out)) << 2;
  }
}
