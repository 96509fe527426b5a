/** Nodes and weights of the Gauss–Legendre rule on [0, 1], exact for polynomials of degree 2n − 1. */
export function gaussLegendre(n: number): { readonly at: number; readonly weight: number }[] {
  return Array.from({ length: n }, (_, i) => {
    // Newton's method on P_n from Tricomi's estimate of its roots.
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let step = 0; step < 100; step++) {
      let [previous, current] = [1, x];
      for (let k = 2; k <= n; k++) {
        [previous, current] = [current, ((2 * k - 1) * x * current - (k - 1) * previous) / k];
      }
      slope = (n * (x * current - previous)) / (x * x - 1);
      const next = x - current / slope;
      const done = Math.abs(next - x) < 1e-15;
      x = next;
      if (done) break;
    }
    return { at: (1 - x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}
