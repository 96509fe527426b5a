import { memoryOwner } from '../../engine/protocol/index.ts';
import { mixOklab } from './oklab.ts';
import { rho01 } from './scales.ts';
import type { Theme } from './theme.ts';

/**
 * Fixed colour of a level. Up to three CMS levels take their own colours, more are spread between
 * the first and the last in OKLab. A memory of an optimizer has that of its level.
 * @param cmsLevels CMS levels of the model.
 */
export function levelColor(theme: Theme, id: string, cmsLevels: number): string {
  const owner = memoryOwner(id);
  if (owner) return levelColor(theme, owner, cmsLevels);
  if (id === 'memory' || id === 'projections' || id === 'outer') return theme.levels[id];
  const k = cmsIndex(id);
  if (k < 0) return theme.foreground;
  if (cmsLevels > 3) return mixOklab(theme.levels.cms2, theme.levels.cms0, Math.min(1, k / (cmsLevels - 1)));
  return [theme.levels.cms0, theme.levels.cms1, theme.levels.cms2][k] ?? theme.foreground;
}

/** k of `cms.k`, −1 for another level. */
export function cmsIndex(id: string): number {
  const match = /^cms\.(\d+)$/.exec(id);
  return match ? Number(match[1]) : -1;
}

const ramps = new Map<string, readonly string[]>();

/**
 * Strength of one update: the level's colour over the background, 8 % at ρ = 1e-5 to 100 % at 1e-1.
 * In high contrast hue and strength carry nothing, so the colour stays whole.
 */
export function strengthColor(theme: Theme, color: string, rho: number): string {
  if (theme.highContrast) return color;
  const key = `${color} ${theme.background}`;
  let ramp = ramps.get(key);
  if (!ramp) {
    if (ramps.size > 64) ramps.clear();
    ramp = Array.from({ length: 93 }, (_, i) => mixOklab(color, theme.background, (8 + i) / 100));
    ramps.set(key, ramp);
  }
  return ramp[Math.round(92 * rho01(rho))];
}
