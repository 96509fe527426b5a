export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * One row of the table. `met` says whether the value reaches the target. The baseline was measured in the same run, in
 * the row's unit; without a ratio given it is the value over the baseline's.
 */
export function row(
  what,
  value,
  unit,
  digits = 0,
  target = undefined,
  met = undefined,
  baseline = undefined,
) {
  const measured = { what, value: Number(value.toFixed(digits)), unit, target, met };
  if (!baseline) return measured;
  return {
    ...measured,
    baseline: { name: baseline.name, value: Number(baseline.value.toFixed(digits)) },
    ratio: Number((baseline.ratio ?? value / baseline.value).toPrecision(3)),
  };
}

/**
 * A row whose target is on its ratio to the baseline: `atLeast` or `atMost`.
 * @param measured { value, unit, digits }
 * @param baseline { name, value, ratio? }, the ratio being that of pairs measured one after the other
 */
export function compared(what, { value, unit, digits = 0 }, baseline, { atLeast, atMost } = {}) {
  const ratio = baseline.ratio ?? value / baseline.value;
  const target = atLeast ? `≥ ${atLeast}×` : atMost ? `≤ ${atMost}×` : undefined;
  const met = target && (atLeast ? ratio >= atLeast : ratio <= atMost);
  return row(what, value, unit, digits, target, met, baseline);
}

/** In place of what could not be measured, and why. */
export function failure(what, reason) {
  return { what, failed: reason };
}
