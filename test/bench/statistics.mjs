export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** One row of the table. `met` says whether the value reaches the target. */
export function row(what, value, unit, digits = 0, target = undefined, met = undefined) {
  return { what, value: Number(value.toFixed(digits)), unit, target, met };
}
