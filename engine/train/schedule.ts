/** Learning rate at a step counted from 1: linear warm-up, then a cosine down to a tenth. */
export function warmupCosine(step: number, steps: number, warmup: number, peak: number): number {
  if (step <= warmup) return (peak * step) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return peak * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progress)));
}
