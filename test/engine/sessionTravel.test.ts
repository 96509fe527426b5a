import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { decodeFrame } from '../../engine/protocol/frame.ts';
import type { Update } from '../../engine/protocol/update.ts';
import type { Session } from '../../engine/session/session.ts';
import { Random } from '../../engine/tensor/random.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { expectSameBits } from '../support/near.ts';
import { Bench, Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

const OPTIONS = { ...TRAIN_OPTIONS, epochs: 3 };
const never = () => false;

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.make();
});
afterAll(() => bench.dispose());

/** A hash of every tensor of a session's fast state, open chunks and windows included, and of its counters. */
async function hashOf(session: Session): Promise<string> {
  const path = bench.path('hashed.safetensors');
  await session.saveFastState(path);
  const { tensors, metadata } = parseSafetensors(await readFile(path), path);
  const hash = createHash('sha256').update(JSON.stringify(metadata));
  for (const [name, { data }] of tensors) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** Steps through a training once and answers the hash of the state before each update and after the last. */
async function firstPass(session: Session, runPath: string, epochs: number): Promise<string[]> {
  // Room for some seven states, wherever they lie: most moments have to be computed again.
  const request = { ...trainRequest({ options: { ...OPTIONS, epochs }, storageBudget: 800_000 }), runPath };
  await session.openStepper(request, () => {}, never);
  const hashes: string[] = [];
  for (let ended = false; !ended; ) {
    ({ ended } = await session.stepTo(request.runId, hashes.length, never));
    hashes.push(await hashOf(session));
  }
  await session.closeStepper(request.runId);
  return hashes;
}

describe('a recorded run', () => {
  test('goes to any update in any order, bit for bit, open chunks included', async () => {
    const runPath = bench.path('jumps.hoperun');
    const hashes = await firstPass(await bench.session(), runPath, 3);
    const random = new Random(4);
    const session = await bench.session();
    let recomputed = 0;
    for (let jump = 0; jump < 500; jump++) {
      // A model just loaded has no state in memory.
      if (jump % 100 === 0) await session.load(bench.model);
      const target = random.below(hashes.length);
      const result = await session.seek(runPath, target, never);
      expect(result.updates).toBe(target);
      recomputed += result.recomputed;
      expect(await hashOf(session), `jump ${jump} to ${target}`).toBe(hashes[target]);
    }
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(recomputed).toBeGreaterThan(200);
  });
});

describe('a stepped training', () => {
  test('records the same as one that runs through, and leaves no tensor behind', async () => {
    const session = await bench.session();
    const before = tf.memory().numTensors;
    const request = { ...trainRequest({ options: OPTIONS }), runPath: bench.path('stepped.hoperun') };
    const info = await session.openStepper(request, () => {}, never);
    expect([info.updates, info.status, info.keyframes, info.unavailable]).toEqual([
      0,
      'running',
      [0],
      undefined,
    ]);
    const updates: Update[] = [];
    for (const to of [1, 2, 7, 5, 3, 6, 40, 0, 60, 10_000]) {
      const step = await session.stepTo(request.runId, to, never);
      updates.push(...decodeFrame(step.frame).filter(({ index }) => index >= updates.length));
      expect(step.updates).toBe(Math.min(to, 204));
      expect(step.ended).toBe(to === 10_000);
    }
    const closed = await session.closeStepper(request.runId);
    expect([closed.status, closed.updates]).toEqual(['finished', updates.length]);
    const whole = new Recording();
    const other = await bench.session();
    const loaded = tf.memory().numTensors;
    const result = await other.train(trainRequest({ options: OPTIONS }), whole);
    expect(tf.memory().numTensors).toBe(loaded);
    expect(result.updates).toBe(updates.length);
    whole.updates.forEach((update, i) => {
      expectSameBits(updates[i].metrics, update.metrics, `numbers of update ${i}`);
      expectSameBits(updates[i].surprise, update.surprise, `losses of update ${i}`);
    });
    expect(await bench.weights(session)).toEqual(await bench.weights(other));
    other.dispose();
    await session.recover(request.runPath);
    expect(tf.memory().numTensors).toBe(before);
  });
});
