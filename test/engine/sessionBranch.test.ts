import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BranchChange, RunInfo } from '../../engine/protocol/runInfo.ts';
import { RunReader } from '../../engine/run/index.ts';
import type { Session } from '../../engine/session/session.ts';
import { expectSameBits } from '../support/near.ts';
import { Bench, Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

const never = () => false;
const PROBE = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };
/** Updates of the run that all branches come from, and the one that they begin after: in the middle of chunks. */
const UPDATES = 68;
const AT = 27;

let bench: Bench;
let session: Session;
let parent: RunInfo;
beforeAll(async () => {
  bench = await Bench.make();
  session = await bench.session();
  const runPath = bench.path('parent.hoperun');
  const request = {
    ...trainRequest({ options: TRAIN_OPTIONS, probes: [PROBE], probeInterval: 20 }),
    runPath,
  };
  await session.train(request, new Recording());
  parent = await session.describeRun(runPath);
});
afterAll(() => bench.dispose());

let count = 0;
async function branch(
  change: BranchChange,
  from = parent,
  updates = AT,
  cancelAfter = Number.POSITIVE_INFINITY,
) {
  count++;
  const runPath = bench.path(`branch-${count}.hoperun`);
  const request = { updates, change, runId: `branch-${count}`, runPath, title: 'a branch' };
  let asked = 0;
  return session.branch(from.path, request, {
    cancelled: () => ++asked > cancelAfter,
    onProgress: () => {},
  });
}

/** The fast weights of a moment, by name. */
async function weightsAt({ path }: RunInfo, updates: number): Promise<Map<string, Float32Array>> {
  const snapshot = await session.stateOf(path, updates, never);
  const weights = new Map(
    [...snapshot.tensors].map(([name, t]) => [name, t.dataSync().slice() as Float32Array]),
  );
  snapshot.dispose();
  return weights;
}

function updatesOf({ path }: RunInfo) {
  const reader = RunReader.open(path);
  const updates = [...reader.updates()];
  reader.close();
  return updates;
}

const levelOf = (name: string) =>
  name.includes('m_memory') ? 'memory' : (/cms\.\d+/.exec(name)?.[0] ?? 'projections');

describe('a branch', () => {
  test('that changes nothing repeats its parent bit for bit, from the middle of open chunks', async () => {
    const before = readFileSync(parent.path);
    const info = await branch({ kind: 'replay', learningRates: {} });
    expect(info.parent).toEqual({
      runId: parent.id,
      updates: AT,
      change: { kind: 'replay', learningRates: {} },
    });
    expect([info.status, info.updates, info.tokens]).toEqual([
      'finished',
      parent.updates - AT,
      parent.tokens,
    ]);
    expect(info.options).toEqual(parent.options);
    const expected = updatesOf(parent).slice(AT);
    updatesOf(info).forEach((update, i) => {
      expect([update.index, update.position]).toEqual([i, expected[i].position]);
      expectSameBits(update.surprise, expected[i].surprise, `losses of update ${i}`);
      expectSameBits(update.metrics, expected[i].metrics, `numbers of update ${i}`);
    });
    const end = await weightsAt(parent, parent.updates);
    for (const [name, values] of await weightsAt(info, info.updates))
      expectSameBits(values, end.get(name)!, name);
    // The parent's probe, before, on the way every 20 updates, and after.
    const [{ scores, ...probe }] = info.probes;
    expect(probe).toEqual(PROBE);
    expect(scores.map(({ updates }) => updates)).toEqual([0, 20, 40, info.updates]);
    expect(scores.at(-1)!.meanLogProbability).toBe(parent.probes[0].scores.at(-1)!.meanLogProbability);
    expect(parent.probes[0].scores.map(({ updates }) => updates)).toEqual([0, 20, 40, 60, parent.updates]);
    expect(readFileSync(parent.path).equals(before)).toBe(true);
  });

  test('replays with a level frozen and another rated differently', async () => {
    const info = await branch({ kind: 'replay', learningRates: { 'cms.0': 0, memory: 0.5 } });
    expect(info.options.learningRates).toEqual({ ...parent.options.learningRates, 'cms.0': 0, memory: 0.5 });
    const start = await weightsAt(parent, AT);
    const end = await weightsAt(parent, parent.updates);
    let moved = 0;
    for (const [name, values] of await weightsAt(info, info.updates)) {
      if (levelOf(name) === 'cms.0') expectSameBits(values, start.get(name)!, name);
      else if (levelOf(name) === 'memory')
        moved += values.some((value, i) => value !== end.get(name)![i]) ? 1 : 0;
    }
    expect(moved).toBeGreaterThan(0);
  });

  test.each<[string, (start: number, now: number) => number, BranchChange]>([
    ['reverts', start => start, { kind: 'revert', level: 'cms.0', from: 3 }],
    [
      'scales',
      (start, now) => start + 0.5 * (now - start),
      { kind: 'scale', level: 'cms.0', from: 3, factor: 0.5 },
    ],
    ['cuts to rank 0', start => start, { kind: 'truncate', level: 'cms.0', from: 3, rank: 0 }],
    ['leaves at full rank', (_, now) => now, { kind: 'truncate', level: 'cms.0', from: 3, rank: 1000 }],
    ['damps by 1', (_, now) => now, { kind: 'damp', level: 'cms.0', from: 3, epsilon: 0.6, factor: 1 }],
  ])('%s one level and no other', async (_, expected, change) => {
    const info = await branch(change);
    const start = await weightsAt(parent, 3);
    const now = await weightsAt(parent, AT);
    const changed = await weightsAt(info, 0);
    let tensors = 0;
    for (const [name, values] of changed) {
      const [a, b] = [start.get(name)!, now.get(name)!];
      if (levelOf(name) !== 'cms.0') expectSameBits(values, b, name);
      else {
        const errors = values.map((value, i) => Math.abs(value - expected(a[i], b[i])));
        expect(Math.max(...errors), name).toBeLessThan(1e-6);
        tensors++;
      }
    }
    expect(tensors).toBeGreaterThan(2);
    expect(info.updates).toBe(parent.updates - AT);
    expect(info.probes[0].scores[0].updates).toBe(0);
  });

  test('of a branch goes on from it, and its moments come back exactly too', async () => {
    const first = await branch({ kind: 'revert', level: 'memory', from: 0 });
    const second = await branch({ kind: 'scale', level: 'cms.1', from: 2, factor: 0 }, first, 10);
    expect(second.parent?.runId).toBe(first.id);
    expect(updatesOf(second)[0].position).toBe((AT + 10) * 4);
    expect(second.updates).toBe(first.updates - 10);
    const saved = await weightsAt(second, 17);
    const other = await bench.session();
    const seek = await other.seek(second.path, 17, never);
    expect(seek).toMatchObject({ updates: 17, position: (AT + 10 + 17) * 4 });
    for (const [name, values] of await bench.weights(other)) {
      if (name.startsWith('fast.')) expectSameBits(values, saved.get(name.slice(5))!, name);
    }
    other.dispose();
  });

  test('that is cancelled keeps what it trained', async () => {
    const info = await branch({ kind: 'replay', learningRates: {} }, parent, AT, 5);
    expect([info.status, info.updates]).toEqual(['cancelled', 5]);
  });

  test('that is refused changes nothing', async () => {
    await session.seek(parent.path, 9, never);
    const before = await bench.weights(session);
    const wrong: [BranchChange, number, RegExp][] = [
      [{ kind: 'revert', level: 'cms.9', from: 0 }, AT, /no level "cms\.9"/],
      [{ kind: 'revert', level: 'memory', from: AT + 1 }, AT, /does not lie before the branch/],
      [{ kind: 'scale', level: 'memory', from: 0, factor: -1 }, AT, /factor is -1/],
      [{ kind: 'truncate', level: 'memory', from: 0, rank: 1.5 }, AT, /rank is 1\.5/],
      [{ kind: 'replay', learningRates: { memory: Number.NaN } }, AT, /rate of memory is NaN/],
      [{ kind: 'melt' } as unknown as BranchChange, AT, /no change "melt"/],
      [{ kind: 'replay', learningRates: {} }, UPDATES * 9, /no state after 612/],
    ];
    for (const [change, at, message] of wrong) {
      await expect(branch(change, parent, at)).rejects.toThrow(message);
    }
    const taken = {
      updates: 1,
      change: { kind: 'replay', learningRates: {} },
      runId: 'x',
      title: 'x',
    } as const;
    await expect(
      session.branch(
        parent.path,
        { ...taken, runPath: parent.path },
        { cancelled: never, onProgress: () => {} },
      ),
    ).rejects.toThrow(/is not overwritten/);
    for (const [name, values] of await bench.weights(session))
      expectSameBits(values, before.get(name)!, name);
  });
});
