import { beforeAll, describe, expect, test } from 'vitest';
import { memoryParts, partsOfDueWrite } from '../../engine/introspect/writeParts.ts';
import { FastState } from '../../engine/model/fastState.ts';
import type { MemoryName } from '../../engine/model/selfModifyingTitans.ts';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/metric.ts';
import type { WriteParts } from '../../engine/protocol/spectrum.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectNear, expectSameVector } from '../support/near.ts';
import { PROJECTIONS } from '../support/reference.ts';
import { smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { fastWeights, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';

const LEVELS = ['memory', 'projections'] as const;
const NAMES: Record<string, readonly MemoryName[]> = { memory: ['memory'], projections: PROJECTIONS };

describe.each(['cpu', 'wasm'] as const)('the parts of a write on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('add up to the change, matrix by matrix, and their norms to the recorded one', async () => {
    const { base } = smallModels(smallConfig());
    const state = new FastState(base);
    const { blocks, titans } = base.config;
    const learningRates = { ...RATES, memory: 0.7 };
    const tensors = tf.memory().numTensors;
    let expected = new Map<string, Float32Array>();
    let parts: { level: string; block: number; parts: WriteParts['parts'] }[] = [];
    let before = fastWeights(state);
    let checked = 0;
    const beforeWrites = (due: readonly string[]) => {
      before = fastWeights(state);
      expected = new Map();
      parts = [];
      for (const level of LEVELS.filter(id => due.includes(id))) {
        for (let block = 0; block < blocks; block++) {
          const rate = learningRates[level];
          parts.push({ level, block, parts: partsOfDueWrite(state, level, block, rate) });
          const { memories } = state.parameters().blocks[block];
          for (const name of NAMES[level]) {
            tf.tidy(() => {
              const chunk = state.open[block][level];
              const options = { gradientCeiling: titans.gradient_ceiling, rate };
              const { decay, erase, write } = memoryParts(memories!, name, chunk, options);
              const at = `blocks.${block}.selfmod.m_${name}`;
              expected.set(`${at}.w1`, tf.add(decay.w1!, write.w1!).dataSync().slice() as Float32Array);
              const w2 = tf.addN<tf.Tensor3D>([decay.w2, erase.w2, write.w2]);
              expected.set(`${at}.w2`, w2.dataSync().slice() as Float32Array);
            });
          }
        }
      }
    };
    await trainTicks(
      state,
      ticksOf(state, smallText(21)),
      { learningRates, beforeWrites },
      ({ index, metrics }) => {
        const after = fastWeights(state);
        for (const [name, change] of expected) {
          const got = after.get(name)!.map((value, i) => value - before.get(name)![i]);
          expectNear(change, got, `${name} at update ${index}`, { absolute: 1e-6, relative: 1e-5 });
          checked++;
        }
        for (const { level, block, parts: each } of parts) {
          const recorded =
            metrics[
              (block * 5 + LEVELS.indexOf(level as 'memory')) * METRICS.length + METRIC_INDEX.deltaNorm
            ];
          const together = Math.hypot(...each.map(({ delta }) => delta));
          expectSameVector([together], [recorded], `‖ΔW‖ of ${level} at update ${index}`, 1e-4);
          for (const { decay, erase, write, delta } of each) {
            expect(Math.min(decay, erase, write)).toBeGreaterThan(0);
            expect(delta).toBeLessThanOrEqual((decay + erase + write) * (1 + 1e-6));
          }
        }
      },
    );
    expect(checked).toBeGreaterThan(40);
    expect(tf.memory().numTensors).toBe(tensors);
    state.dispose();
    base.dispose();
  });

  test('decay by the retention alone where nothing is learned, with its half-life', async () => {
    const { base } = smallModels(smallConfig());
    const state = new FastState(base);
    let found: WriteParts['parts'] = [];
    let retention = 0;
    let norm = 0;
    await trainTicks(state, ticksOf(state, smallText(2)), {
      learningRates: { ...RATES, memory: 0 },
      beforeWrites: () => {
        found = partsOfDueWrite(state, 'memory', 1, 0);
        const perHead = Array.from(tf.tidy(() => tf.sum(state.open[1].memory.logAlpha, 1).dataSync()));
        retention = perHead.reduce((sum, value) => sum + value, 0) / perHead.length;
        norm = Math.hypot(
          ...['w1', 'w2'].flatMap(w => {
            const weights = state.tensors.get(`blocks.1.selfmod.m_memory.${w}`)!.dataSync();
            const size = weights.length / perHead.length;
            return Array.from(weights, (x, i) => x * (1 - Math.exp(perHead[Math.floor(i / size)])));
          }),
        );
      },
    });
    const [{ memory, decay, erase, write, delta, halfLife }] = found;
    expect([memory, erase, write]).toEqual(['memory', 0, 0]);
    expectNear([decay, delta], [norm, norm], 'decay', { relative: 1e-5 });
    expectNear([halfLife], [Math.log(0.5) / retention], 'half-life', { relative: 1e-5 });
    state.dispose();
    base.dispose();
  });
});
