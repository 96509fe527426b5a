export interface Baseline {
  readonly name: string;
  /** In the unit of the row. */
  readonly value: number;
}
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: string;
  readonly met?: boolean;
  readonly baseline?: Baseline;
  /** To the baseline, three digits. */
  readonly ratio?: number;
}
/** A baseline and, where pairs were measured, the median ratio of the pairs. */
export type MeasuredBaseline = Baseline & { readonly ratio?: number };
export interface Failure {
  readonly what: string;
  readonly failed: string;
}
export function median(values: readonly number[]): number;
/** One row of the table. `met` says whether the value reaches the target. */
export function row(
  what: string,
  value: number,
  unit: string,
  digits?: number,
  target?: string,
  met?: boolean,
  baseline?: MeasuredBaseline,
): Row;
/** A row whose target is on its ratio to the baseline. */
export function compared(
  what: string,
  measured: { readonly value: number; readonly unit: string; readonly digits?: number },
  baseline: MeasuredBaseline,
  target?: { readonly atLeast?: number; readonly atMost?: number },
): Row;
/** In place of what could not be measured, and why. */
export function failure(what: string, reason: string): Failure;
