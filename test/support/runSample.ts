import { METRIC_INDEX, METRICS, type Update } from '../../engine/protocol/index.ts';
import type { RunHeader } from '../../engine/run/index.ts';

/** Header of a small made-up run: 2 blocks, 3 levels. */
export const sampleHeader: RunHeader = {
  runId: 'run-1',
  title: 'people.txt, lines 3 to 9',
  modelName: 'sample',
  modelHash: 'ab'.repeat(32),
  tokenizerHash: 'cd'.repeat(32),
  engineVersion: '0.1.0',
  backend: 'cpu',
  createdAt: '2026-01-02T03:04:05.678Z',
  options: {
    epochs: 3,
    learningRates: { memory: 1, projections: 0.5, 'cms.0': 1e-3 },
    partialChunk: 'flush',
    telemetry: true,
  },
  levels: [
    { id: 'memory', period: 4 },
    { id: 'projections', period: 8 },
    { id: 'cms.0', period: 32 },
  ],
  blocks: 2,
  metrics: METRICS,
  firstTick: 0,
  probeInterval: 0,
  storageBudget: 2 ** 30,
};

/** Update `index` of that run, made from its index alone. Levels fire at their periods; odd bits included. */
export function sampleUpdate(index: number): Update {
  const { blocks, levels } = sampleHeader;
  const tokens = 4;
  const position = index * tokens;
  const metrics = new Float32Array(blocks * levels.length * METRICS.length);
  for (let row = 0; row < blocks * levels.length; row++) {
    const group = metrics.subarray(row * METRICS.length, (row + 1) * METRICS.length);
    const fired = (position + tokens) % levels[row % levels.length].period === 0;
    group.forEach((_, i) => {
      group[i] = Math.fround(Math.sin(index * 31 + row * 7 + i) ** 2 + 0.01);
    });
    group[METRIC_INDEX.fired] = fired ? 1 : 0;
    if (!fired) group[METRIC_INDEX.gradientNorm] = Number.NaN;
    if (levels[row % levels.length].id.startsWith('cms')) group[METRIC_INDEX.eta] = Number.NaN;
  }
  const surprise = Float32Array.from({ length: tokens }, (_, i) => Math.abs(Math.sin(index * 5 + i)) * 12);
  return {
    index,
    position,
    loss: surprise.reduce((sum, value) => sum + value, 0) / tokens,
    surprise,
    metrics,
  };
}

/** A keyframe's content, made from its update count alone. It looks random, so that packing does not make it shorter. */
export function sampleState(updates: number, bytes: number): Uint8Array {
  let seed = updates + 1;
  return Uint8Array.from({ length: bytes }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  });
}
