/** Axes of one element-by-element operation: sizes, and for either operand its elements per step, 0 if it stays. */
export interface Axes {
  sizes: number[];
  stepsA: number[];
  stepsB: number[];
}

/**
 * Broadcasts two shapes with as few axes as possible, the last one first: axes of size 1 are left out and
 * neighbours along which both operands go on in the same way become one. Returns undefined if the shapes do not fit.
 */
export function collapseAxes(a: readonly number[], b: readonly number[]): Axes | undefined {
  const axes: Axes = { sizes: [], stepsA: [], stepsB: [] };
  const { sizes, stepsA, stepsB } = axes;
  let stepA = 1;
  let stepB = 1;
  for (let i = 1; i <= a.length || i <= b.length; i++) {
    const sizeA = i <= a.length ? a[a.length - i] : 1;
    const sizeB = i <= b.length ? b[b.length - i] : 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) return undefined;
    const size = sizeA === 1 ? sizeB : sizeA;
    if (size === 1) continue;
    const nextA = sizeA === 1 ? 0 : stepA;
    const nextB = sizeB === 1 ? 0 : stepB;
    const last = sizes.length - 1;
    if (last >= 0 && nextA === stepsA[last] * sizes[last] && nextB === stepsB[last] * sizes[last]) {
      sizes[last] *= size;
    } else {
      sizes.push(size);
      stepsA.push(nextA);
      stepsB.push(nextB);
    }
    stepA *= sizeA;
    stepB *= sizeB;
  }
  return axes;
}
