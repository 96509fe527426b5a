import type { FieldReader } from './fieldReader.ts';

/**
 * In what the public re-implementation deviates from the paper, each to be had by its name in mode km.
 *
 * - `misaligned-signals`: at a tick that updates a level, the slower ones are given the signals of the first tokens of
 *   its chunk, in place of those that were just read.
 * - `unbiased-retention`: nothing is added before the sigmoid of α, which starts near 0.5: memories wipe themselves.
 * - `unlearned-memories`: the initial states of M_k, M_v, M_η and M_α get no outer gradient and stay as drawn.
 * - `unnormalised-keys`: q and k keep their length.
 * - `shared-signal`: every CMS level is given twice the error of the block's output in place of its own.
 */
export const KM_DEFECTS = [
  'misaligned-signals',
  'unbiased-retention',
  'unlearned-memories',
  'unnormalised-keys',
  'shared-signal',
] as const;
export type KmDefect = (typeof KM_DEFECTS)[number];

export interface KmConfig {
  readonly defects: readonly KmDefect[];
}

/** @throws CheckpointError naming the field, the value found and what is allowed. */
export function parseKm(fields: FieldReader): KmConfig {
  const defects = fields.subset('defects', KM_DEFECTS);
  if (!defects) throw fields.faultOf('defects', `a list of some of ${KM_DEFECTS.join(', ')}`);
  return { defects };
}

/** Whether a model has a deviation of mode km. */
export function hasDefect({ km }: { readonly km?: KmConfig }, defect: KmDefect): boolean {
  return km?.defects.includes(defect) ?? false;
}
