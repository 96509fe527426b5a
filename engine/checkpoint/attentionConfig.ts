import type { FieldReader } from './fieldReader.ts';
import type { SystemName } from './systems.ts';
import { present } from './titansConfig.ts';

/**
 * What softmax of Hope-Attention is taken of, D channels a head. The paper has it by its name alone (§8.3):
 * `sharpened` √D q̂ · k̂ with q and k of norm 1, as all of Hope has them in practice; `normed` q̂ · k̂ / √D, the same
 * in the usual scaled dot product; `plain` q · k / √D, as they are.
 */
export const SCORES = ['sharpened', 'normed', 'plain'] as const;
export type Scores = (typeof SCORES)[number];

/** What can be chosen of the attention of Hope-Attention. */
export interface AttentionConfig {
  /**
   * Where a block has its norm: before it looks back, in front of the convolution, or after, on the residual stream
   * that the levels read; 'pre' where absent.
   */
  readonly norm?: 'pre' | 'post';
  /** 'sharpened' where absent. */
  readonly scores?: Scores;
}

/** @throws CheckpointError naming the first wrong field, the value found and what is allowed. */
export function parseAttention(
  fields: FieldReader,
  system: SystemName | undefined,
  mode: 'km' | undefined,
): AttentionConfig {
  const norm = fields.choice('norm', ['pre', 'post'] as const);
  const scores = fields.choice('scores', SCORES);
  if (system !== 'hope-attention') {
    for (const name of ['norm', 'scores']) {
      if (fields.value(name) === undefined) continue;
      throw fields.faultOf(name, `left out: only hope-attention has the choice, not ${system ?? 'hope'}`);
    }
  } else if (mode) {
    if (norm !== 'post') throw fields.faultOf('norm', '"post" in mode km');
    if (scores !== 'normed' && scores !== 'plain') {
      throw fields.faultOf('scores', '"normed" or "plain" in mode km');
    }
  }
  return present({ norm, scores });
}
