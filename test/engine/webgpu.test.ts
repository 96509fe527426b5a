import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import type { WebgpuAdapter } from '../../engine/tensor/webgpu/openWebgpu.ts';
import { CHECKS } from '../golden/checks.ts';
import type { Numbers as FamilyNumbers } from '../golden/family.ts';
import familyGolden from '../golden/family_golden.json' with { type: 'json' };
import { expectClose } from '../golden/support.ts';
import { distance, expectSameBits } from '../support/near.ts';
import type { SmallShape } from '../support/smallHope.ts';
import { WebgpuProcess } from '../support/webgpuProcess.ts';
import { type ChunkCase, type Numbers, scenarios } from '../support/webgpuScenarios.ts';

const opened = await WebgpuProcess.open();
const { reason, gpu, adapter } = { reason: undefined, gpu: undefined, adapter: undefined, ...opened };
const where = reason ? `not run, ${reason}` : `on ${(adapter as unknown as WebgpuAdapter).description}`;

/** As vectors, float32 roundings apart; NaN in the same places. */
function expectSame(actual: Numbers, expected: Numbers, relative = 2e-5): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name].length, name).toBe(values.length);
    const holes = (numbers: Float32Array) => Array.from(numbers, Number.isNaN);
    expect(holes(actual[name]), `NaN in ${name}`).toEqual(holes(values));
    const [got, want] = [actual[name], values].map(each => each.filter(value => !Number.isNaN(value)));
    if (want.every(value => value === 0)) expect(got, name).toEqual(want);
    else expect(distance(got, want), `‖difference‖ / ‖expected‖ of ${name}`).toBeLessThanOrEqual(relative);
  }
}

test.runIf(process.env.CI)('where this is checked for everyone there is an adapter', () => {
  expect(reason).toBeUndefined();
});

describe.skipIf(reason)(`WebGPU, ${where}`, () => {
  beforeAll(() => openBackend('wasm'));
  afterAll(() => (gpu as unknown as WebgpuProcess).close());
  const run = async <T>(name: string, ...args: unknown[]) =>
    (await (gpu as unknown as WebgpuProcess).run(name, ...args)) as T;

  test('passes the self-test', () => run('selfTest'));

  test.each(Object.keys(CHECKS))('golden values, %s', async title => {
    const values = await run<Float32Array[]>('golden', title);
    const expected = CHECKS[title]();
    expect(values.length).toBe(expected.length);
    expected.forEach((check, i) => {
      const { absolute = 2e-6, relative = 1e-5 } = check;
      expectClose(values[i], check.expected, absolute, relative);
    });
  });

  test.each(Object.entries(familyGolden as Record<string, FamilyNumbers>))(
    'golden values, %s',
    async (title, golden) => {
      const computed = await run<Numbers>('family', title);
      for (const [name, values] of Object.entries(golden)) {
        expect(distance(computed[name], values), name).toBeLessThan(2e-4);
      }
    },
  );

  test.each([
    [1, 1],
    [3, 5],
    [4, 64],
    [7, 130],
  ])('fused operations and their gradients are those of wasm, [%i, %i]', async (rows, width) => {
    expectSame(await run('kernels', rows, width), await scenarios.kernels(rows, width));
  });

  test.each<ChunkCase>([
    { groups: 1, chunk: 1, width: 1, outputs: [1], ceiling: Number.POSITIVE_INFINITY, rate: 1 },
    { groups: 2, chunk: 4, width: 8, outputs: [8], ceiling: 1, rate: 1 },
    { groups: 3, chunk: 5, width: 6, outputs: [6, 6, 1, 1], ceiling: 0.5, rate: 0.7 },
    { groups: 1, chunk: 70, width: 9, outputs: [9, 1], ceiling: Number.POSITIVE_INFINITY, rate: 1 },
    { groups: 2, chunk: 16, width: 66, outputs: [66, 66, 1, 1], ceiling: 2, rate: 1.5 },
  ])(
    'one dispatch writes $outputs.length memories like the composed operations: $groups, $chunk, $width',
    async each => {
      const composed = await scenarios.chunkWrite(each, false);
      expectSame(await run('chunkWrite', each, true), composed, 5e-5);
      expectSame(await run('chunkWrite', each, false), composed, 5e-5);
    },
  );

  test.each<[string, SmallShape, boolean]>([
    ['two heads', {}, true],
    ['one head, no convolution, slow memory', { heads: 1, convolution: 1, memory: 8, projections: 2 }, true],
    ['without telemetry', { memory: 4, projections: 2 }, false],
  ])('online training, %s: losses, numbers and weights are those of wasm', async (_, shape, telemetry) => {
    const got = await run<Numbers>('online', shape, 17, telemetry);
    expectSame(got, await scenarios.online(shape, 17, telemetry), 1e-4);
  });

  test('the same text gives the same bits', async () => {
    const [first, second] = [
      await run<Numbers>('online', {}, 9, true),
      await run<Numbers>('online', {}, 9, true),
    ];
    for (const [name, values] of Object.entries(first)) expectSameBits(second[name], values, name);
  });

  test.each([0, 3])('after %i ticks a keyframe comes back and trains on bit by bit', async ticks => {
    const { file, again, rest } = await run<Awaited<ReturnType<typeof scenarios.keyframe>>>(
      'keyframe',
      ticks,
    );
    expectSameBits(again, file, 'the file written again');
    for (const [name, values] of Object.entries(rest[0])) expectSameBits(rest[1][name], values, name);
  });

  test('pre-training: losses and gradients are those of wasm, twice the same bits', async () => {
    const got = await run<Numbers>('pretraining');
    expectSame(got, await scenarios.pretraining(), 2e-4);
    const again = await run<Numbers>('pretraining');
    for (const [name, values] of Object.entries(got)) expectSameBits(again[name], values, name);
  });

  test('leaves no tensor behind', async () => {
    expect(await run('tensorsLeft')).toBe(0);
  });
});
