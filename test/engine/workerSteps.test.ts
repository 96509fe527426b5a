import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { type GradientSource, pooledGradients, singleGradients } from '../../engine/train/gradientPool.ts';
import { OuterTrainer } from '../../engine/train/outerTrainer.ts';
import { ParameterLayout } from '../../engine/train/parameterLayout.ts';
import { dealSpans, type Span, stepSpans } from '../../engine/train/spans.ts';
import { distance, expectSameBits } from '../support/near.ts';
import { END_OF_TEXT, smallConfig, smallText, smallWeights } from '../support/smallHope.ts';

const config = smallConfig({ memory: 3, projections: 6, cms: [6, 12] });
const layout = new ParameterLayout(config);
const start = new Map([...smallWeights(config)].map(([name, { data }]) => [name, data]));
const targets = Int32Array.from(smallText(2 * 12, 20));
const rows = { ids: targets.map((_, i) => (i % 12 === 0 ? END_OF_TEXT : targets[i - 1])), targets };
const reset = Float32Array.of(1, 1);
const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
const pool = () =>
  pooledGradients(config, END_OF_TEXT, layout.size, { count: 2, file: resolve('dist/gradientWorker.cjs') });

async function withSource<T>(
  source: GradientSource,
  use: (source: GradientSource) => Promise<T>,
): Promise<T> {
  layout.flatten(start, source.weights);
  try {
    return await use(source);
  } finally {
    await source.dispose();
  }
}

test('spans are dealt out to the element, each once, in order and with their decay', () => {
  const random = new Random(3);
  for (let round = 0; round < 50; round++) {
    let at = 0;
    const spans = Array.from({ length: 1 + Math.floor(random.uniform() * 5) }, (): Span => {
      const from = at + Math.floor(random.uniform() * 3);
      at = from + 1 + Math.floor(random.uniform() * 7);
      return { from, to: at, decays: random.uniform() < 0.5 };
    });
    const elements = (of: readonly Span[]) =>
      of.flatMap(({ from, to, decays }) =>
        Array.from({ length: to - from }, (_, i) => `${from + i} ${decays}`),
      );
    for (const count of [1, 2, 3, 8]) {
      const shares = dealSpans(spans, count).map(elements);
      expect(shares.flat()).toEqual(elements(spans));
      const sizes = shares.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  }
});

test('a step that workers share has the bits of one thread', async () => {
  await openBackend('wasm');
  await withSource(pool(), async source => {
    const { gradient, norm } = await source.compute(rows, reset);
    expect(norm).toBeCloseTo(Math.hypot(...gradient), 6);
    const spans = layout.specs.map(({ shape }, i) => ({
      from: layout.offsets[i],
      to: layout.offsets[i + 1] ?? layout.size,
      decays: shape.length > 1,
    }));
    const moments = source.moments!;
    const alone = [source.weights, gradient, moments.first, moments.second].map(each => each.slice());
    for (let step = 1; step <= 3; step++) {
      const descent = { spans, step, rate: 0.01, scale: 0.9, options };
      await source.descend!(descent);
      const [weights, slope, first, second] = alone;
      stepSpans({ weights, gradient: slope, first, second }, descent);
    }
    const together = [source.weights, gradient, moments.first, moments.second];
    together.forEach((values, i) => {
      expectSameBits(values, alone[i], `array ${i}`);
    });
  });
});

test('workers train to what one thread trains to, also from moments of before', async () => {
  await openBackend('wasm');
  const moments = () => ({
    first: new Float32Array(layout.size).fill(1e-3),
    second: new Float32Array(layout.size).fill(1e-4),
  });
  const trained = (source: GradientSource) =>
    withSource(source, async () => {
      const trainer = new OuterTrainer(layout, source, options, 1, moments());
      for (let step = 1; step <= 4; step++) await trainer.step(rows, reset, step, 0.01);
      return [source.weights, trainer.moments.first, trainer.moments.second].map(each => each.slice());
    });
  const [single, several] = [await trained(singleGradients(config, END_OF_TEXT)), await trained(pool())];
  single.forEach((values, i) => {
    expect(distance(several[i], values), `array ${i}`).toBeLessThan(1e-4);
  });
  const begun = layout.flatten(start, new Float32Array(layout.size));
  expect(distance(single[0], begun)).toBeGreaterThan(1e-3);
});
