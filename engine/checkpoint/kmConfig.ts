import type { FieldReader } from './fieldReader.ts';
import { hasMemories, type SystemName } from './systems.ts';

/** Systems that the public re-implementation builds, too. */
export const KM_SYSTEMS: readonly SystemName[] = ['hope', 'hope-attention'];

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

/** Defects of memories that are written while they read. */
const OF_MEMORIES: readonly KmDefect[] = ['unbiased-retention', 'unlearned-memories'];

/**
 * @param memories whether the model has memories that are written while they read
 * @throws CheckpointError naming the field, the value found and what is allowed.
 */
export function parseKm(fields: FieldReader, memories: boolean): KmConfig {
  const defects = fields.subset('defects', KM_DEFECTS);
  if (!defects) throw fields.faultOf('defects', `a list of some of ${KM_DEFECTS.join(', ')}`);
  const idle = memories ? undefined : defects.find(defect => OF_MEMORIES.includes(defect));
  if (idle) throw fields.faultOf('defects', `without ${idle}: hope-attention has no such memories`);
  return { defects };
}

/**
 * Whether a block is built to the letter: what its memories read takes the place of the residual stream, without a norm
 * before it or a matrix after it.
 */
export function isLiteral({ mode, system }: { readonly mode?: 'km'; readonly system?: SystemName }): boolean {
  return mode === 'km' && hasMemories({ system });
}

/** Whether a model has a deviation of mode km. */
export function hasDefect({ km }: { readonly km?: KmConfig }, defect: KmDefect): boolean {
  return km?.defects.includes(defect) ?? false;
}
