export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: string;
  readonly met?: boolean;
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
): Row;
