import { beforeAll, describe, expect, test } from 'vitest';
import {
  encodeSafetensors,
  type NamedTensor,
  parseSafetensors,
} from '../../engine/checkpoint/safetensors.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { decodeFastState, encodeChangedState, encodeFastState } from '../../engine/session/fastStateFile.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectSameBits } from '../support/near.ts';
import { type SmallShape, smallConfig, smallModels, smallText } from '../support/smallHope.ts';
import { fastWeights, ticksOf, trainTicks } from '../support/smallTraining.ts';

const TEXT = smallText(40);
const SHAPES: Record<string, SmallShape> = {
  'periods 2, 4, 4, 8, 16': {},
  'one head, no convolution': { heads: 1, convolution: 1, memory: 8, projections: 2 },
};

/** A state after some ticks, in the middle of chunks. */
async function trained(ticks: number, shape: SmallShape = {}): Promise<FastState> {
  const { base } = smallModels(smallConfig(shape));
  const state = new FastState(base);
  await trainTicks(state, ticksOf(state, TEXT).slice(0, ticks), { flush: false });
  return state;
}

function disposeAll(...states: FastState[]): void {
  for (const state of states) {
    state.dispose();
    state.base.dispose();
  }
}

describe.each(['cpu', 'wasm'] as const)('a fast state as a file on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  for (const [name, shape] of Object.entries(SHAPES)) {
    test.each([0, 1, 3, 5, 8])(
      `${name}: after %i ticks comes back bit by bit and trains on the same`,
      async ticks => {
        const before = tf.memory().numTensors;
        const state = await trained(ticks, shape);
        const bytes = await encodeFastState(state, 'model');
        // Into a state that holds something else altogether.
        const other = await trained(7, shape);
        decodeFastState(bytes, other, 'model', 'state.safetensors');
        expectSameBits(await encodeFastState(other, 'model'), bytes, 'the file written again');
        // Over something else, in the beginning of shared memory.
        const memory = new Uint8Array(new SharedArrayBuffer(bytes.length + 100)).fill(7);
        const again = await encodeFastState(other, 'model', length => memory.subarray(0, length));
        expect(again.buffer === memory.buffer).toBe(true);
        expectSameBits(again, bytes, 'the file written over another');
        expect(other.updates).toBe(ticks);
        expect(new Map([...other.pending])).toEqual(new Map([...state.pending]));
        expect(other.sinceStart).toEqual(state.sinceStart);

        const rest = ticksOf(state, TEXT).slice(ticks);
        const [first, second] = [await trainTicks(state, rest), await trainTicks(other, rest)];
        first.forEach((update, i) => {
          expectSameBits(second[i].surprise, update.surprise, `losses of update ${i}`);
          expectSameBits(second[i].metrics, update.metrics, `numbers of update ${i}`);
        });
        const weights = fastWeights(other);
        for (const [tensor, values] of fastWeights(state))
          expectSameBits(weights.get(tensor)!, values, tensor);
        disposeAll(state, other);
        expect(tf.memory().numTensors).toBe(before);
      },
    );
  }
});

describe('a file of what changed', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  test("leaves out the weights that are still the base's, and comes back bit by bit", async () => {
    const before = tf.memory().numTensors;
    const state = await trained(3);
    const whole = await encodeFastState(state, 'model');
    const bytes = await encodeChangedState(state, 'model');
    const { tensors, metadata } = parseSafetensors(bytes, 'state');
    const unchanged: string[] = JSON.parse(metadata.unchanged);
    // Of the slow level nothing was updated yet.
    expect(unchanged).toContain('blocks.0.cms.2.expand.weight');
    expect(unchanged).not.toContain('blocks.0.cms.0.expand.weight');
    expect(unchanged.some(name => tensors.has(`fast.${name}`))).toBe(false);
    expect(bytes.length).toBeLessThan(whole.length);
    const other = await trained(8);
    decodeFastState(bytes, other, 'model', 'state.hopestate');
    expectSameBits(await encodeFastState(other, 'model'), whole, 'the state');
    // Everything changed, nothing left out: as it was before there was such a list.
    for (const { name, shape } of state.specs) state.set(name, tf.fill([...shape], 0.5));
    const all = await encodeChangedState(state, 'model');
    expect(parseSafetensors(all, 'state').metadata).toMatchObject({ version: '1' });
    expectSameBits(all, await encodeFastState(state, 'model'), 'a state without a weight of the base');
    disposeAll(state, other);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a file that is not this fast state', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  type File = {
    entries: Map<string, Pick<NamedTensor, 'name' | 'shape' | 'data'>>;
    metadata: Record<string, string>;
  };
  const drop = (name: string) => (file: File) => {
    expect(file.entries.delete(name)).toBe(true);
  };
  const reshape = (name: string, shape: number[]) => (file: File) => {
    expect(file.entries.has(name)).toBe(true);
    const size = shape.reduce((a, b) => a * b, 1);
    file.entries.set(name, { name, shape, data: new Float32Array(size) });
  };
  const poison = (name: string) => (file: File) => {
    file.entries.get(name)!.data[1] = Number.NaN;
  };
  const meta = (key: string, value: string) => (file: File) => {
    file.metadata[key] = value;
  };
  const weight = 'fast.blocks.1.cms.0.expand.weight';
  const sum = 'sum.blocks.1.cms.2.expand.weight';
  const counts = (changes: Record<string, number>) =>
    JSON.stringify({ memory: 0, projections: 2, 'cms.0': 2, 'cms.1': 6, 'cms.2': 6, ...changes });

  test.each<[string, (file: File) => void, RegExp]>([
    ['of another kind', meta('format', 'something'), /no fast state/],
    ['of a later version', meta('version', '3'), /version 3/],
    ['with a list of weights that is none', meta('unchanged', '{'), /is no list of names/],
    ['with a list of unknown weights', meta('unchanged', '["elsewhere"]'), /names "elsewhere"/],
    ['of another model', meta('model', 'other'), /another model/],
    ['without a weight', drop(weight), /expand\.weight is missing/],
    ['with a weight of another shape', reshape(weight, [8, 4]), /shape \[8,4\]/],
    ['with a weight that is not finite', poison(weight), /not finite/],
    ['without the sum of an open chunk', drop(sum), /sum\..* is missing/],
    ['with a sum of another shape', reshape(sum, [1]), /shape \[1\]/],
    ['with a sum that is not finite', poison(sum), /not finite/],
    [
      'without the values of an open chunk',
      drop('open.0.projections.v'),
      /open\.0\.projections\.v is missing/,
    ],
    ['with an open chunk of another length', reshape('open.1.projections.k', [2, 3, 4]), /shape \[2,3,4\]/],
    ['with an open chunk that is not finite', poison('open.1.projections.eta'), /not finite/],
    ['without a convolution window', drop('tail.1'), /tail\.1 is missing/],
    ['with a convolution window of another shape', reshape('tail.0', [1, 2, 8]), /shape \[1,2,8\]/],
    ['with counts that are no JSON', meta('pending', '{'), /counters/],
    ['with counts that are no object', meta('pending', 'null'), /counters/],
    ['with a count of a level it lacks', meta('pending', counts({ 'cms.7': 0 })), /cms\.7/],
    ['with a count past the period', meta('pending', counts({ 'cms.2': 16 })), /cms\.2/],
    ['with a count that is no whole number', meta('pending', counts({ 'cms.2': 1.5 })), /counters/],
    ['with two document starts', meta('since_start', '[1,2]'), /counters/],
    ['without a number of updates', meta('updates', 'many'), /counters/],
  ])('%s is refused and changes nothing', async (_, damage, message) => {
    const before = tf.memory().numTensors;
    const state = await trained(3);
    const { tensors, metadata } = parseSafetensors(await encodeFastState(state, 'model'), 'state');
    expect(JSON.parse(metadata.pending)).toEqual(JSON.parse(counts({})));
    const file = { entries: new Map<string, NamedTensor>(tensors), metadata: { ...metadata } };
    damage(file as File);
    const bytes = encodeSafetensors([...file.entries.values()], file.metadata);
    const other = await trained(5);
    const kept = await encodeFastState(other, 'model');
    const open = tf.memory().numTensors;
    expect(() => decodeFastState(bytes, other, 'model', '/tmp/state')).toThrow(message);
    expect(() => decodeFastState(bytes, other, 'model', '/tmp/state')).toThrow(/\/tmp\/state/);
    expect(tf.memory().numTensors).toBe(open);
    expectSameBits(await encodeFastState(other, 'model'), kept, 'the state');
    disposeAll(state, other);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('cut off anywhere is refused and changes nothing', async () => {
    const state = await trained(3);
    const bytes = await encodeFastState(state, 'model');
    for (const length of [0, 7, 100, bytes.length / 2, bytes.length - 1]) {
      expect(() => decodeFastState(bytes.subarray(0, length), state, 'model', 'state')).toThrow(/state/);
    }
    expectSameBits(await encodeFastState(state, 'model'), bytes, 'the state');
    disposeAll(state);
  });
});
