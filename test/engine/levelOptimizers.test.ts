import { beforeAll, describe, expect, test } from 'vitest';
import {
  DEFAULTS,
  LEVEL_OPTIMIZERS,
  type LevelOptimizerConfig,
} from '../../engine/checkpoint/levelOptimizer.ts';
import { GRAM, isOfChunk } from '../../engine/model/optimizerMemory.ts';
import { levelOptimizer } from '../../engine/optimizer/levelOptimizer.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { golden, weights } from '../golden/values.ts';
import { distance, expectNear } from '../support/near.ts';
import { referenceStep } from '../support/referenceOptimizers.ts';

const STEPS = 7;
const RATE = 0.05;
const SHAPES = [[4, 3], [3, 5], [6], [3]];
/** Channels of what the level reads. */
const WIDTH = 3;
const configOf = (kind: (typeof LEVEL_OPTIMIZERS)[number]): LevelOptimizerConfig => ({
  kind,
  ...DEFAULTS[kind],
  ...('weight_decay' in DEFAULTS[kind] && { weight_decay: 0.3 }),
});

/** What a memory of an open chunk holds of rows that went in. */
function gathered(memory: string, rows: tf.Tensor2D): tf.Tensor {
  return memory === GRAM ? tf.matMul(rows, rows, true, false) : tf.sum(rows, 0);
}

describe.each(['cpu', 'wasm'] as const)('optimizers of levels on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(LEVEL_OPTIMIZERS.flatMap(kind => SHAPES.map(shape => [kind, shape] as const)))(
    '%s on a tensor %j steps as the loops do, and remembers the same',
    (kind, shape) => {
      const config = configOf(kind);
      const { memories, step, surprise } = levelOptimizer(config);
      const random = new Random(3);
      const size = shape.reduce((product, extent) => product * extent, 1);
      const drawn = (length: number) => Float64Array.from({ length }, () => Math.fround(random.normal()));
      const want = drawn(size);
      const memory: Record<string, Float64Array> = {};
      const before = tf.memory().numTensors;
      let theta = tf.tensor(Float32Array.from(want), [...shape]);
      let kept = Object.fromEntries(
        Object.entries(memories(shape, WIDTH)).map(([name, extent]) => [name, tf.zeros([...extent])]),
      );
      const ofChunk = Object.keys(kept).find(isOfChunk);
      for (let i = 0; i < STEPS; i++) {
        const error = drawn(size);
        const inputs = ofChunk ? [[...drawn(shape.at(-1)!)], [...drawn(shape.at(-1)!)]] : undefined;
        referenceStep(config, { weights: want, error, shape, rate: RATE, memory, inputs, read: inputs });
        const gradient = tf.tensor(Float32Array.from(error), [...shape]);
        if (ofChunk) {
          kept[ofChunk].dispose();
          kept[ofChunk] = tf.tidy(() => gathered(ofChunk, tf.tensor2d(inputs!)));
        }
        for (const name of Object.keys(kept)) {
          const surprised = tf.tidy(() => surprise(name, gradient, kept)!);
          if (surprised) expect(surprised.size, name).toBe(size);
          surprised?.dispose();
        }
        const after = tf.tidy(() => step(theta, gradient, kept, RATE) as never) as ReturnType<typeof step>;
        const { [ofChunk ?? '']: gatheredInputs, ...outliving } = kept;
        tf.dispose([theta, gradient, outliving]);
        theta = after.theta;
        kept = { ...after.memories, ...(ofChunk && { [ofChunk]: gatheredInputs }) };
      }
      expect(distance(theta.dataSync(), want), 'weights').toBeLessThan(2e-5);
      for (const [name, values] of Object.entries(memory)) {
        expectNear(kept[name].dataSync(), values, name, { absolute: 1e-5, relative: 1e-4 });
      }
      tf.dispose([theta, { ...kept }]);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test('G6: M3 with two time scales, Algorithm 1', () => {
    const config: LevelOptimizerConfig = {
      ...{ kind: 'm3', ...DEFAULTS.m3 },
      ...{ beta1: 0.9, beta2: 0.999, beta3: 0.9, alpha: 0.5, steps: 3, slow_period: 2 },
    };
    tf.tidy(() => {
      const { memories, step } = levelOptimizer(config);
      let theta: tf.Tensor = tf.tensor2d(weights(3, 2, 0.7));
      let kept = Object.fromEntries(
        Object.entries(memories([3, 2])).map(([name, extent]) => [name, tf.zeros([...extent])]),
      );
      golden.G6_m3.forEach((expected, i) => {
        const after = step(theta, tf.tensor2d(weights(3, 2, i + 1)), kept, 0.01);
        theta = after.theta;
        kept = { ...after.memories };
        expectNear(theta.dataSync(), expected.flat(), `after step ${i + 1}`);
      });
    });
  });

  test('delta gradient descent over one token is G1, Eq. 57', () => {
    tf.tidy(() => {
      const x = [1, -2, 0.5].map(v => v / Math.hypot(1, -2, 0.5));
      const row = tf.tensor2d([x]);
      const error = tf.matMul(tf.tensor2d([[0.2], [-0.1], [0.4]]), row);
      const gram = tf.matMul(row, row, true, false);
      const { step } = levelOptimizer({ kind: 'delta-gradient-descent' });
      const { theta } = step(tf.tensor2d(weights(3, 3, 0.4)), error, { gram }, 0.5);
      expectNear(theta.dataSync(), golden.G1_dgd.flat(), 'G1');
    });
  });
});
