import { describe, expect, test } from 'vitest';
import { encodeFrame, METRIC_INDEX, METRICS, type Metric, type Update } from '../../engine/protocol/index.ts';
import { describeRaster, describeRow, describeSurprise } from '../../webviews/levels/describe.ts';
import { appendFrame, emptyHistory, type History, newest, updateAt } from '../../webviews/levels/history.ts';
import { firingsIn, nextFiring, readLevel, tokensToGo } from '../../webviews/levels/readings.ts';
import { runningMean, summarise } from '../../webviews/levels/surprise.ts';

const TICK = 4;
type Numbers = Partial<Record<Metric, number>>;

/** Updates of 4 tokens with given numbers: [update][block][level]. */
function history(levels: number, numbers: readonly (readonly (readonly Numbers[])[])[]): History {
  const blocks = numbers[0].length;
  const updates = numbers.map((perBlock, index): Update => {
    const metrics = new Float32Array(blocks * levels * METRICS.length).fill(Number.NaN);
    perBlock.forEach((perLevel, block) => {
      perLevel.forEach((group, level) => {
        for (const [name, value] of Object.entries(group)) {
          metrics[(block * levels + level) * METRICS.length + METRIC_INDEX[name as Metric]] = value;
        }
      });
    });
    const surprise = Float32Array.from({ length: TICK }, (_, t) => index + t / 4);
    return { index, position: index * TICK, loss: index, surprise, metrics };
  });
  return appendFrame(emptyHistory(), encodeFrame('run', blocks, levels, updates));
}

const fired = (delta: number, weight: number, more: Numbers = {}): Numbers => ({
  fired: 1,
  deltaNorm: delta,
  weightNorm: weight,
  pending: 0,
  ...more,
});
const idle = (pending: number, more: Numbers = {}): Numbers => ({
  fired: 0,
  deltaNorm: 0,
  weightNorm: 2,
  pending,
  ...more,
});

describe('one level', () => {
  const two = history(1, [
    [
      [fired(0.002, 2, { drift: 0.1, alpha: 0.9, eta: 0.1 })],
      [fired(0.05, 5, { drift: 0.3, alpha: 0.8, eta: 0.3 })],
    ],
    [[idle(4, { drift: 0.1, alpha: 0.6 })], [idle(4, { drift: 0.3, alpha: 0.8 })]],
  ]);

  test('over all blocks: the largest ρ and drift with their block, the mean of the gates', () => {
    const reading = readLevel(two, 0, undefined, newest(two));
    expect(reading.last?.index).toBe(0);
    expect(reading.rho).toBeCloseTo(0.01, 6);
    expect(reading.block).toBe(1);
    expect(reading.weightNorm).toBe(5);
    expect(reading.drift).toBeCloseTo(0.3, 6);
    expect(reading.driftBlock).toBe(1);
    expect(reading.alpha).toBeCloseTo(0.7, 6);
    expect(reading.eta).toBeNaN();
    expect(reading.pending).toBe(4);
  });

  test('of one block: its own numbers', () => {
    const reading = readLevel(two, 0, 0, updateAt(two, 0));
    expect(reading.rho).toBeCloseTo(0.001, 6);
    expect(reading.alpha).toBeCloseTo(0.9, 6);
    expect(readLevel(two, 0, 7, newest(two)).last).toBeUndefined();
  });

  test('without a firing there is no ρ, and the first is a period away', () => {
    const none = history(1, [[[idle(4)]], [[idle(8)]]]);
    const reading = readLevel(none, 0, undefined, newest(none));
    expect(reading.last).toBeUndefined();
    expect(reading.rho).toBeNaN();
    const level = { id: 'cms.2', period: 1024 } as const;
    expect(nextFiring(level, reading, newest(none))).toBe(1024);
    expect(nextFiring(level, readLevel(emptyHistory(), 0, undefined, undefined), undefined)).toBe(1024);
  });

  test('without telemetry the firings alone give the pending tokens, and ρ is not recorded', () => {
    const bare = history(1, [[[{ fired: 1 }]], [[{ fired: 0 }]], [[{ fired: 0 }]]]);
    const reading = readLevel(bare, 0, undefined, newest(bare));
    expect(reading.rho).toBeNaN();
    expect(reading.pending).toBe(8);
    expect(tokensToGo(64, reading.pending)).toBe(56);
    expect(firingsIn(bare, 0, undefined, { from: 0, to: 64 })).toEqual([{ at: 4, rho: Number.NaN }]);
  });
});

describe('raster', () => {
  test('has one firing an update, the largest ρ of the blocks, within the window', () => {
    const h = history(1, [
      [[fired(0.02, 2)], [fired(0.01, 2)]],
      [[idle(4)], [fired(0.04, 2)]],
      [[idle(8)], [idle(4)]],
    ]);
    const all = firingsIn(h, 0, undefined, { from: 0, to: 64 });
    expect(all.map(({ at }) => at)).toEqual([4, 8]);
    expect(all[0].rho).toBeCloseTo(0.01, 6);
    expect(all[1].rho).toBeCloseTo(0.02, 6);
    expect(firingsIn(h, 0, 0, { from: 0, to: 64 }).map(({ at }) => at)).toEqual([4]);
    expect(firingsIn(h, 0, undefined, { from: 4, to: 8 }).map(({ at }) => at)).toEqual([8]);
    expect(firingsIn(h, 3, undefined, { from: 0, to: 8 })).toEqual([]);
  });
});

describe('surprise', () => {
  const h = history(1, [[[idle(4)]], [[idle(8)]], [[idle(12)]]]);

  test('mean and highest of a window that begins inside an update', () => {
    const sum = summarise(h, { from: 6, to: 9 });
    expect(sum).toEqual({ first: 6, last: 8, mean: (1.5 + 1.75 + 2) / 3, highest: 2, at: 8 });
    expect(runningMean(h, updateAt(h, 1))).toBeCloseTo((0 + 0.25 + 0.5 + 0.75 + 1 + 1.25 + 1.5 + 1.75) / 8);
    expect(runningMean(emptyHistory(), undefined)).toBeNaN();
  });
});

describe('text alternatives', () => {
  const level = { id: 'cms.0', period: 64 } as const;
  const reading = {
    last: { index: 191, position: 764, loss: 1, surprise: new Float32Array(4), metrics: new Float32Array(0) },
    rho: 4.3e-3,
    block: 1,
    deltaNorm: 0.01,
    weightNorm: 2,
    gradientNorm: 1,
    writtenSurprise: Number.NaN,
    drift: 0.0318,
    driftBlock: 0,
    alpha: Number.NaN,
    eta: Number.NaN,
    lss: Number.NaN,
    pending: 44,
  };

  test('a row', () => {
    expect(describeRow(level, reading, undefined)).toBe(
      'cms.0, updates every 64 tokens, last at 768, relative change 4.3e-3, drift 0.0318, 20 tokens to go.',
    );
  });

  test('a row with gates', () => {
    expect(
      describeRow(
        { id: 'memory', period: 4 },
        { ...reading, alpha: 0.982, eta: 0.041, pending: 3 },
        undefined,
      ),
    ).toBe(
      'memory, updates every 4 tokens, last at 768, relative change 4.3e-3, drift 0.0318, ' +
        'retention 0.982, learning rate 0.041, 1 token to go.',
    );
  });

  test('a row whose numbers were not recorded, one before its first update, and outer', () => {
    expect(describeRow(level, { ...reading, rho: Number.NaN, drift: Number.NaN }, undefined)).toContain(
      'last at 768, relative change not recorded, 20 tokens to go.',
    );
    expect(
      describeRow(
        { id: 'cms.2', period: 1024 },
        { ...reading, last: undefined, drift: 0, pending: 0 },
        undefined,
      ),
    ).toBe('cms.2, updates every 1024 tokens, no update yet, first at 1024, 1024 tokens to go.');
    expect(describeRow({ id: 'outer', period: 0 }, reading, undefined)).toBe(
      'outer, fixed while training on a selection.',
    );
  });

  test('surprise and raster', () => {
    expect(describeSurprise({ first: 320, last: 811, mean: 1.52, highest: 8.6, at: 552 })).toBe(
      'Surprise of tokens 320 to 811, mean 1.5 nats, highest 8.6 at token 552.',
    );
    const nothing = {
      first: Number.NaN,
      last: Number.NaN,
      mean: Number.NaN,
      highest: Number.NaN,
      at: Number.NaN,
    };
    expect(describeSurprise(nothing)).toBe('Surprise: no tokens yet.');
    expect(describeSurprise({ ...nothing, first: 0, last: 3 })).toBe(
      'Surprise of tokens 0 to 3, not recorded.',
    );
    expect(describeRaster('cms.0', 1, { from: 556, to: 812 })).toBe('cms.0: 1 update in the last 256 tokens');
  });
});
