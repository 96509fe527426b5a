/**
 * Learning rate at a step counted from 1: linear warm-up, then a cosine down.
 * @param least what is left of the peak at the end
 */
export function warmupCosine(step: number, steps: number, warmup: number, peak: number, least = 0.1): number {
  if (step <= warmup) return (peak * step) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return peak * (least + (1 - least) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
