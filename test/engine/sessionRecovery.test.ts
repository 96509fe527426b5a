import { copyFileSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunReader, RunWriter } from '../../engine/run/index.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectSameBits } from '../support/near.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';
import { Bench, Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

/** Some 17 ticks of 4 tokens in two passes, the last one short. */
const TEXT = TINY_TEXT.slice(0, 130);
const OPTIONS = { ...TRAIN_OPTIONS, epochs: 2 };

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.make();
});
afterAll(() => bench.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

/** Copies a run file that is being written, as it is on disk: what a kill now would leave. */
function copyRun(from: string, to: string): void {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
}

/** The clock of keyframes: each update takes `milliseconds`; 0 stops it, and so leaves only the first and the last. */
function fakeClock(milliseconds: number): () => void {
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  return () => {
    now += milliseconds;
  };
}

/** Waits until the keyframe after so many updates, which a worker writes, is in the file. */
async function untilWritten(path: string, updates: number): Promise<void> {
  const reader = RunReader.open(path);
  try {
    while (!reader.keyframes().includes(updates)) await setTimeout(1);
  } finally {
    reader.close();
  }
}

/** The fast weights of a fresh session after so many updates of the training that the tests record. */
async function uninterrupted(updates: number, options = OPTIONS, before?: string) {
  const session = await bench.session();
  if (before) await session.loadFastState(before);
  const recording = new Recording(updates);
  await session.train(trainRequest({ text: TEXT, options }), recording);
  return { weights: await bench.weights(session), updates: recording.updates, info: session.reset() };
}

async function recovered(path: string) {
  const session = await bench.session();
  const result = await session.recover(path);
  return { result, weights: await bench.weights(session), session };
}

function expectSame(
  got: ReadonlyMap<string, Float32Array>,
  want: ReadonlyMap<string, Float32Array>,
  at: string,
) {
  expect([...got.keys()].toSorted(), at).toEqual([...want.keys()].toSorted());
  for (const [name, values] of want) expectSameBits(got.get(name)!, values, `${name} ${at}`);
}

describe('a run that a kill cut short', () => {
  test.each(['flush', 'drop'] as const)(
    'after any update gives back the weights of that update, bit by bit, with %s',
    async partialChunk => {
      const options = { ...OPTIONS, partialChunk };
      const session = await bench.session();
      const runPath = bench.path(`killed-${partialChunk}.hoperun`);
      const copy = (updates: number) => bench.path(`killed-${partialChunk}-${updates}.hoperun`);
      // A keyframe every second update, or less often where writing one takes long; none at the end.
      const tick = fakeClock(40);
      const given = vi.spyOn(RunWriter.prototype, 'giveKeyframe');
      const recording = new Recording(Number.POSITIVE_INFINITY, async ({ index }) => {
        if (index < 28) tick();
        await untilWritten(runPath, given.mock.calls.at(-1)?.[0] ?? 0);
        copyRun(runPath, copy(index + 1));
      });
      const { updates } = await session.train(trainRequest({ text: TEXT, options, runPath }), recording);
      vi.restoreAllMocks();
      const keyframes = new Set<number>();
      for (const at of [1, 3, 4, 5, 11, 18, updates - 1, updates]) {
        const reader = RunReader.open(copy(at));
        expect([reader.status, reader.updatesCount]).toEqual(['running', at]);
        const keyframe = reader.lastKeyframe()!.updates;
        keyframes.add(keyframe);
        reader.close();
        const { result, weights } = await recovered(copy(at));
        expect(result).toEqual({ updates: at, recomputed: at - keyframe });
        expectSame(weights, (await uninterrupted(at, options)).weights, `after ${at} of ${updates} updates`);
      }
      // The last update, which may flush, is among those recomputed.
      expect(keyframes).not.toContain(updates);
      expect(keyframes.size).toBeGreaterThan(3);
    },
  );

  test('goes on exactly as an uninterrupted one would with the same text', async () => {
    const session = await bench.session();
    const first = bench.path('first.hoperun');
    const cut = bench.path('first-cut.hoperun');
    await session.train(
      trainRequest({ text: TEXT, options: OPTIONS, runPath: first }),
      new Recording(9, ({ index }) => {
        if (index === 8) copyRun(first, cut);
      }),
    );
    const kept = new Recording();
    await session.train(trainRequest({ text: TEXT, options: OPTIONS }), kept);
    const { session: other } = await recovered(cut);
    const again = new Recording();
    await other.train(trainRequest({ text: TEXT, options: OPTIONS }), again);
    expect(again.updates.length).toBe(kept.updates.length);
    again.updates.forEach((update, i) => {
      expectSameBits(update.surprise, kept.updates[i].surprise, `losses of update ${i}`);
      expectSameBits(update.metrics, kept.updates[i].metrics, `numbers of update ${i}`);
    });
  });

  test('that began from an earlier training holds that one too', async () => {
    const session = await bench.session();
    await session.train(trainRequest(), new Recording());
    const before = bench.path('before.safetensors');
    await session.saveFastState(before);
    const runPath = bench.path('second.hoperun');
    const cut = bench.path('second-cut.hoperun');
    fakeClock(0);
    const recording = new Recording(Number.POSITIVE_INFINITY, ({ index }) => {
      if (index === 4) copyRun(runPath, cut);
    });
    const { updates } = await session.train(trainRequest({ text: TEXT, runPath }), recording);
    const { weights, result } = await recovered(cut);
    expect(result.recomputed).toBe(5);
    expectSame(weights, (await uninterrupted(5, TRAIN_OPTIONS, before)).weights, 'after the second training');
    expect(result.updates).toBeGreaterThan(updates);
  });

  test('leaves no tensor behind and no chunk open', async () => {
    const session = await bench.session();
    const runPath = bench.path('tensors.hoperun');
    await session.train(trainRequest({ text: TEXT, runPath }), new Recording(7));
    const before = tf.memory().numTensors;
    await session.recover(runPath);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a cancelled run', () => {
  test.each([0, 1, 6, 16, 17])('after %i updates is recovered as it was left', async updates => {
    const session = await bench.session();
    const runPath = bench.path(`cancelled-${updates}.hoperun`);
    await session.train(trainRequest({ text: TEXT, options: OPTIONS, runPath }), new Recording(updates));
    const weights = await bench.weights(session);
    const { result, weights: got } = await recovered(runPath);
    expect(result).toEqual({ updates, recomputed: 0 });
    expectSame(got, weights, `after ${updates} updates`);
    expectSame(got, (await uninterrupted(updates)).weights, `after ${updates} updates`);
  });
});

describe('a run that cannot be recovered is refused', () => {
  test('when it belongs to another model, and nothing changes', async () => {
    const session = await bench.session();
    const runPath = bench.path('mine.hoperun');
    await session.train(trainRequest({ text: TEXT, runPath }), new Recording(5));
    const other = bench.path('other');
    await makeTinyModel(other, { seed: 2 });
    await session.load(other);
    await session.train(trainRequest({ text: TEXT }), new Recording(5));
    const weights = await bench.weights(session);
    await expect(session.recover(runPath)).rejects.toMatchObject({ code: 'bad-input' });
    expectSame(await bench.weights(session), weights, 'afterwards');
  });

  test('when recomputing gives another loss than was recorded', async () => {
    const session = await bench.session();
    const runPath = bench.path('tampered.hoperun');
    const cut = bench.path('tampered-cut.hoperun');
    fakeClock(0);
    await session.train(
      trainRequest({ text: TEXT, runPath }),
      new Recording(9, ({ index }) => {
        if (index === 8) copyRun(runPath, cut);
      }),
    );
    const database = new DatabaseSync(cut);
    database.exec('UPDATE tokens SET id = 5 WHERE token = 6');
    database.close();
    await expect(session.recover(cut)).rejects.toMatchObject({
      message: expect.stringMatching(/^Update \d recomputed to another loss/),
    });
    // The session is free and sound.
    session.reset();
    expect((await session.train(trainRequest({ text: TEXT }), new Recording(3))).updates).toBe(3);
  });

  test('when there is no such file', async () => {
    const session = await bench.session();
    await expect(session.recover(bench.path('none.hoperun'))).rejects.toThrow(/none\.hoperun/);
    expect((await session.train(trainRequest({ text: TEXT }), new Recording(3))).updates).toBe(3);
  });
});
