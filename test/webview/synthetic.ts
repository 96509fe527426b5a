import { encodeFrame, type Frame } from '../../engine/protocol/frame.ts';
import type { LevelInfo } from '../../engine/protocol/level.ts';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/metric.ts';
import type { Update } from '../../engine/protocol/update.ts';

export const TICK = 4;
export const BLOCKS = 4;
export const LEVELS: readonly LevelInfo[] = [
  { id: 'memory', period: 4 },
  { id: 'projections', period: 16 },
  { id: 'cms.0', period: 64 },
  { id: 'cms.1', period: 256 },
  { id: 'cms.2', period: 1024 },
  { id: 'outer', period: 0 },
];

/** Levels of a model in which two have an optimizer that remembers. */
export const LEVELS_WITH_MEMORIES: readonly LevelInfo[] = [
  ...LEVELS.slice(0, 5),
  { id: 'cms.0.m', period: 64 },
  { id: 'cms.1.first', period: 256 },
  { id: 'cms.1.second', period: 256 },
  ...LEVELS.slice(5),
];

/** A number in [0, 1) that depends on nothing but its arguments. */
export function noise(...at: number[]): number {
  let h = 2166136261;
  for (const n of at) h = Math.imul(h ^ (n + 0x9e37), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822519);
  return ((h ^ (h >>> 13)) >>> 0) / 4294967296;
}

export interface SyntheticShape {
  readonly levels?: readonly LevelInfo[];
  readonly blocks?: number;
  readonly tick?: number;
}

/** Updates with made-up numbers of the right shape and magnitude, the same at every call. */
export function synthetic(first: number, count: number, shape: SyntheticShape = {}): Update[] {
  const { levels = LEVELS, blocks = BLOCKS, tick = TICK } = shape;
  const inner = levels.filter(({ period }) => period > 0);
  return Array.from({ length: count }, (_, i) => {
    const index = first + i;
    const position = index * tick;
    const surprise = Float32Array.from({ length: tick }, (_, t) => nats(position + t));
    const metrics = new Float32Array(blocks * inner.length * METRICS.length);
    for (let block = 0; block < blocks; block++) {
      inner.forEach((level, l) => {
        metrics.set(group(level, block, l, position + tick), (block * inner.length + l) * METRICS.length);
      });
    }
    const loss = surprise.reduce((sum, s) => sum + s, 0) / tick;
    return { index, position, loss, surprise, metrics };
  });
}

function nats(token: number): number {
  const wave = 1 + 0.5 * Math.sin(token / 61) + 0.35 * Math.sin(token / 17);
  return Math.max(0.05, Math.min(8.6, -Math.log(noise(token, 1) + 1e-6) * 1.3 * wave + 0.15));
}

function group({ id, period }: LevelInfo, block: number, level: number, end: number): Float32Array {
  const numbers = new Float32Array(METRICS.length).fill(Number.NaN);
  const set = (name: keyof typeof METRIC_INDEX, value: number): void => {
    numbers[METRIC_INDEX[name]] = value;
  };
  const fired = end % period === 0;
  const rho = 10 ** (-3.6 + 0.3 * Math.sin(end / 90 + level) + 0.9 * noise(end, block, level) + 0.15 * block);
  const weight = 6 + level;
  const gated = id === 'memory' || id === 'projections';
  set('fired', fired ? 1 : 0);
  set('deltaNorm', fired ? rho * weight : 0);
  set('weightNorm', weight);
  if (fired) set('gradientNorm', rho * 40);
  set('drift', end < period ? 0 : 0.004 * (level + 1) * Math.log1p(end / period) * (1 + 0.1 * block));
  set('lss', 0.02 + 0.01 * noise(end, level));
  set('eta', gated ? 0.04 * (0.8 + 0.4 * noise(end, 3)) : Number.NaN);
  set('alpha', gated ? 0.98 + 0.015 * noise(end, 4) : Number.NaN);
  set('pending', end % period);
  return numbers;
}

/** The same updates as they travel. */
export function syntheticFrame(
  first: number,
  count: number,
  shape: SyntheticShape = {},
  runId = 'run',
): Frame {
  const { levels = LEVELS, blocks = BLOCKS } = shape;
  const inner = levels.filter(({ period }) => period > 0).length;
  return encodeFrame(runId, blocks, inner, synthetic(first, count, shape));
}
