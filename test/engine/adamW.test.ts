import { beforeAll, describe, it } from 'vitest';
import { adamWStep } from '../../engine/optimizer/adamW.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { expectNear } from '../support/near.ts';
import { filled } from './tensorReference.ts';

const random = new Random(41);
const OPTIONS = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };

/** Algorithm 2 of Loshchilov and Hutter, in float64. */
function plainStep(
  state: { w: number; m: number; v: number },
  gradient: number,
  step: number,
  rate: number,
): void {
  const { beta1, beta2, epsilon, weightDecay } = OPTIONS;
  state.m = beta1 * state.m + (1 - beta1) * gradient;
  state.v = beta2 * state.v + (1 - beta2) * gradient ** 2;
  const mean = state.m / (1 - beta1 ** step);
  const deviation = Math.sqrt(state.v / (1 - beta2 ** step));
  state.w -= rate * (mean / (deviation + epsilon) + weightDecay * state.w);
}

describe.each(['wasm', 'cpu'] as const)('AdamW on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  it.each([1, 3, 4, 9, 16_384, 32_771])('takes the steps of the plain algorithm, %d elements', length => {
    const weights = filled(random, length);
    const moments = { first: new Float32Array(length), second: new Float32Array(length) };
    const plain = Array.from(weights, w => ({ w, m: 0, v: 0 }));
    for (let step = 1; step <= 4; step++) {
      const gradient = filled(random, length, step === 3 ? 1e-6 : 2);
      const rate = 0.01 / step;
      adamWStep(weights, gradient, moments, step, rate, OPTIONS);
      plain.forEach((each, i) => {
        plainStep(each, gradient[i], step, rate);
      });
    }
    expectNear(
      weights,
      plain.map(({ w }) => w),
      'weights',
      { absolute: 2e-6, relative: 1e-6 },
    );
    expectNear(
      moments.first,
      plain.map(({ m }) => m),
      'first moments',
    );
    expectNear(
      moments.second,
      plain.map(({ v }) => v),
      'second moments',
    );
  });

  it('leaves a weight with no gradient to its decay', () => {
    const weights = Float32Array.of(1, -2, 0, 4, 5);
    const moments = { first: new Float32Array(5), second: new Float32Array(5) };
    adamWStep(weights, new Float32Array(5), moments, 1, 0.5, OPTIONS);
    expectNear(weights, [0.95, -1.9, 0, 3.8, 4.75], 'weights');
  });
});
