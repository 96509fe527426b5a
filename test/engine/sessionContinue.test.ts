import { copyFileSync, existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunReader } from '../../engine/run/index.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectSameBits } from '../support/near.ts';
import { TINY_TEXT } from '../support/tinyModel.ts';
import { Bench, Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

const TEXT = TINY_TEXT.slice(0, 130);

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.make();
});
afterAll(() => bench.dispose());

/** A run of this training as a kill after so many updates leaves it, and the whole training's updates and weights. */
async function cutShort(name: string, at: number, options = { ...TRAIN_OPTIONS, epochs: 2 }) {
  const session = await bench.session();
  const path = bench.path(`${name}-whole.hoperun`);
  const cut = bench.path(`${name}.hoperun`);
  const whole = new Recording(Number.POSITIVE_INFINITY, ({ index }) => {
    if (index !== at - 1) return;
    for (const suffix of ['', '-wal'])
      if (existsSync(path + suffix)) copyFileSync(path + suffix, cut + suffix);
  });
  await session.train(trainRequest({ text: TEXT, options, runPath: path }), whole);
  return { cut, options, updates: whole.updates, weights: await bench.weights(session) };
}

test.each([
  ['in the first pass', 3, 'flush'],
  ['in the second pass', 11, 'drop'],
  ['before the last update', 16, 'flush'],
] as const)(
  'a training cut short %s goes on to the same weights, bit by bit',
  async (_, at, partialChunk) => {
    const options = { ...TRAIN_OPTIONS, epochs: 2, partialChunk };
    const { cut, updates, weights } = await cutShort(`continued-${at}`, at, options);
    const session = await bench.session();
    await session.recover(cut);
    const before = tf.memory().numTensors;
    const runPath = bench.path(`continued-${at}-rest.hoperun`);
    const rest = new Recording();
    const request = trainRequest({ text: TEXT, options, runPath, continues: cut });
    const result = await session.train(request, rest);
    expect(tf.memory().numTensors).toBe(before);
    expect(result).toMatchObject({ status: 'finished', updates: updates.length - at });
    rest.updates.forEach((update, i) => {
      const want = updates[at + i];
      expect([update.index, update.position]).toEqual([i, want.position]);
      expectSameBits(update.surprise, want.surprise, `losses of update ${at + i}`);
    });
    for (const [name, values] of await bench.weights(session))
      expectSameBits(values, weights.get(name)!, name);
    const reader = RunReader.open(runPath);
    expect(reader.header.parent).toMatchObject({
      updates: at,
      change: { kind: 'replay', learningRates: {} },
    });
    expect([reader.header.firstTick, reader.status]).toEqual([at, 'finished']);
    reader.close();
  },
);

test('what went on and was cut short again goes on again', async () => {
  const { cut, options, updates, weights } = await cutShort('twice', 4);
  const session = await bench.session();
  const second = bench.path('twice-second.hoperun');
  await session.train(
    trainRequest({ text: TEXT, options, runPath: second, continues: cut }),
    new Recording(5),
  );
  const other = await bench.session();
  const rest = new Recording();
  await other.train(trainRequest({ text: TEXT, options, continues: second }), rest);
  expect(rest.updates.length).toBe(updates.length - 9);
  for (const [name, values] of await bench.weights(other)) expectSameBits(values, weights.get(name)!, name);
});

test('progress counts from the start of the text', async () => {
  const { cut, options, updates } = await cutShort('progress', 8);
  const session = await bench.session();
  const rest = new Recording(Number.POSITIVE_INFINITY, () => new Promise(done => setTimeout(done, 30)));
  await session.train(trainRequest({ text: TEXT, options, continues: cut }), rest);
  const positions = rest.progress.map(({ position }) => position);
  expect(positions.length).toBeGreaterThan(0);
  expect(Math.min(...positions)).toBeGreaterThan(updates[8].position);
});

test.each([
  ['with other options', { options: { ...TRAIN_OPTIONS, epochs: 3 } }, /other options/],
  ['with another text', { text: `Another ${TEXT}` }, /not the one/],
  ['from no file', { continues: '/nowhere/none.hoperun' }, /none\.hoperun/],
])('is refused %s, and the session goes on', async (_, changes, message) => {
  const { cut, options } = await cutShort(`refused-${Object.keys(changes)[0]}`, 5);
  const session = await bench.session();
  const request = trainRequest({ text: TEXT, options, continues: cut, ...changes });
  await expect(session.train(request, new Recording())).rejects.toThrow(message);
  session.reset();
  expect((await session.train(trainRequest({ text: TEXT }), new Recording(3))).updates).toBe(3);
});
