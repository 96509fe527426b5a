import { describe, expect, test } from 'vitest';
import { FastState } from '../../engine/model/fastState.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { forwardTick } from '../../engine/train/tickForward.ts';
import { expectNear, expectSameVector } from '../support/near.ts';
import { levelOf } from '../support/reference.ts';
import { ReferenceTrainer, streamOf } from '../support/referenceTrainer.ts';
import {
  END_OF_TEXT,
  referenceOf,
  smallConfig,
  smallModels,
  smallText,
  smallWeights,
} from '../support/smallHope.ts';

const TICK = 6;
/** Two passes: the second tick holds the end of one document and the start of the next. */
const { inputs, targets } = streamOf(smallText(9), END_OF_TEXT, 2);
const first = [inputs.slice(0, TICK), targets.slice(0, TICK)] as const;
const second = [inputs.slice(TICK, 2 * TICK), targets.slice(TICK, 2 * TICK)] as const;

describe.each([
  ['two heads', smallConfig()],
  ['one head, short convolution, two levels', smallConfig({ heads: 1, convolution: 2, cms: [3, 12] })],
])('the gradient of the second tick, %s', (_, config) => {
  const trainer = new ReferenceTrainer(referenceOf(config, smallWeights(config)), {});
  trainer.model.windows = trainer.read(...first).windows;
  let known: Map<string, Float64Array> | undefined;
  /** ∂ Σ losses / ∂θ by central differences on the reference. */
  const expected = () =>
    (known ??= new Map([...trainer.sums.keys()].map(name => [name, trainer.gradient(name, ...second)])));

  test.each(['cpu', 'wasm'] as const)('is that of finite differences on %s', async backend => {
    await openBackend(backend);
    const { base } = smallModels(config);
    const state = new FastState(base);
    const run = ([ids, next]: typeof first) => {
      const tick = { position: 0, inputs: Int32Array.from(ids), targets: Int32Array.from(next), last: false };
      return forwardTick(state, tick, END_OF_TEXT, state.sinceStart, true);
    };
    run(first).left.forEach(({ tail }, block) => {
      state.open[block].tail = tail;
    });
    // Something else holds the sums of the first tick: they must stay as they are.
    const held = new Map([...state.sums].map(([name, sum]) => [name, sum.clone()]));
    const before = new Map([...held].map(([name, sum]) => [name, sum.dataSync().slice()]));
    const { losses, taps } = run(second);
    for (const [name, sum] of held) expect(sum.dataSync(), name).toEqual(before.get(name));
    expectNear(losses.dataSync(), trainer.read(...second).losses, 'losses');
    expect([...state.sums.keys()].toSorted()).toEqual([...expected().keys()].toSorted());
    for (const [name, gradient] of expected()) {
      const added = state.sums
        .get(name)!
        .dataSync()
        .map((sum, i) => sum - before.get(name)![i]);
      expectSameVector(added, gradient, name, 2e-5);
    }
    const places = config.cms.periods.length + 1;
    tf.unstack(taps!).forEach((tap, i) => {
      const [block, place] = [Math.floor(i / places), i % places];
      const surprise = tf.norm(tap, 'euclidean', 1).dataSync();
      const where = `surprise in block ${block}, place ${place}`;
      expectSameVector(surprise, trainer.surpriseAt(block, place, ...second), where, 2e-5);
    });
    expect(taps!.shape[0]).toBe(config.blocks * places);
  });

  test('reaches every CMS level of every block', () => {
    const norms = new Map<string, number>();
    for (const [name, gradient] of expected()) {
      const at = `${name.split('.')[1]} ${levelOf(name)}`;
      norms.set(at, Math.hypot(norms.get(at) ?? 0, ...gradient));
    }
    expect(norms.size).toBe(config.blocks * config.cms.periods.length);
    for (const [at, norm] of norms) expect(norm, at).toBeGreaterThan(0.1);
  });
});
