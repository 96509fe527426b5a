import type { AbsorptionReport, LevelContribution } from '../../engine/protocol/index.ts';
import { fixed } from '../ui/format.ts';

/** “plus 2.49 nats, 61 percent, control ±0.21; without it 2.72 lost, alone 2.18 gained.” */
export function describeLevel(level: LevelContribution, { gain, significant }: AbsorptionReport): string {
  if (level.updates === 0) {
    if (level.frozen) return 'frozen, its rate was 0.';
    return level.tokensToGo === undefined
      ? 'not updated here.'
      : `not yet at a boundary, ${level.tokensToGo} tokens to go.`;
  }
  if (!significant) return 'n/a, the gain is within two standard errors.';
  const sign = level.shapley < 0 ? 'minus' : 'plus';
  const share = gain === 0 ? '' : `, ${Math.round((100 * level.shapley) / gain)} percent`;
  return `${sign} ${fixed(Math.abs(level.shapley), 2)} nats${share}, control ±${fixed(2 * level.control.deviation, 2)}, z ${fixed(level.zScore, 1)}; without it ${fixed(level.necessity, 2)} lost, alone ${fixed(level.sufficiency, 2)} gained.`;
}

/** “memory peaks at token 748, cms.0 leads from 768.” */
export function describeHandOver(
  levels: readonly string[],
  tokens: readonly number[],
  shapley: readonly (readonly number[])[],
): string {
  const parts: string[] = [];
  let leader = -1;
  tokens.forEach((token, i) => {
    const best = levels.reduce(
      (top, _, l) => ((shapley[i]?.[l] ?? 0) > (shapley[i]?.[top] ?? 0) ? l : top),
      0,
    );
    if (best === leader || !((shapley[i]?.[best] ?? 0) > 0)) return;
    parts.push(`${levels[best]} leads from token ${token}`);
    leader = best;
  });
  return parts.length ? `${parts.join(', ')}.` : 'No level gains.';
}
