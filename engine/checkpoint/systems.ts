import type { FieldReader } from './fieldReader.ts';

/**
 * Systems that a model can be built of: Hope, what it is compared with, its two parts with other company, and two whose
 * weights others trained.
 */
export const SYSTEMS = [
  'hope',
  'hope-attention',
  'titans',
  'transformer',
  'retnet',
  'deltanet',
  'linear-attention',
  'lstm',
  'llama',
  'gpt-2',
] as const;
export type SystemName = (typeof SYSTEMS)[number];

interface OfSystem {
  readonly system?: SystemName;
}

/** @returns undefined where the file names none, which is Hope */
export function parseSystem(fields: FieldReader): SystemName | undefined {
  return fields.choice('system', SYSTEMS);
}

export function systemOf({ system = 'hope' }: OfSystem): SystemName {
  return system;
}

/** Whether its blocks have memories that are written while they read (Eq. 76–93). */
export function hasMemories(config: OfSystem): boolean {
  return ['hope', 'titans'].includes(systemOf(config));
}

/** Whether its blocks have a local convolution in front. */
export function hasConvolution(config: OfSystem): boolean {
  return ['hope', 'hope-attention', 'titans', 'deltanet'].includes(systemOf(config));
}

/** Whether its blocks look back by softmax attention. */
export function hasAttention(config: OfSystem): boolean {
  return ['hope-attention', 'transformer', 'llama', 'gpt-2'].includes(systemOf(config));
}

/** Whether channels of its heads come in pairs that are turned by the position. */
export function hasRotaryPositions(config: OfSystem): boolean {
  return ['transformer', 'retnet', 'llama'].includes(systemOf(config));
}

/** Whether it is normalised by RMSNorm and fed forward by SwiGLU, in place of layer norm and GELU. */
export function isModern(config: OfSystem): boolean {
  return ['transformer', 'retnet', 'deltanet', 'linear-attention', 'lstm', 'llama'].includes(
    systemOf(config),
  );
}

/** Whether its feed-forward may have several levels. */
export function hasContinuum(config: OfSystem): boolean {
  return ['hope', 'hope-attention', 'llama', 'gpt-2'].includes(systemOf(config));
}

/** Whether it is built as a Transformer that others train, so that their weights are its own. */
export function isPublicTransformer(config: OfSystem): boolean {
  return ['llama', 'gpt-2'].includes(systemOf(config));
}

/** Whether what stands for the order of its tokens are positions that were learned, counted from 0. */
export function hasLearnedPositions(config: OfSystem): boolean {
  return systemOf(config) === 'gpt-2';
}
