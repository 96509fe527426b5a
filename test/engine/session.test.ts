import { existsSync, readdirSync } from 'node:fs';
import { cp, truncate } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ModelInfo } from '../../engine/protocol/model.ts';
import type { TrainRequest } from '../../engine/protocol/training.ts';
import { RunReader, RunWriter } from '../../engine/run/index.ts';
import type { EngineError } from '../../engine/session/engineError.ts';
import { Session } from '../../engine/session/session.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { distance, expectSameBits } from '../support/near.ts';
import { levelOf } from '../support/reference.ts';
import { makeTinyModel, TINY_CONFIG, TINY_TEXT } from '../support/tinyModel.ts';
import { Bench, Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.make();
});
afterAll(() => bench.dispose());

/** What a request is refused with. */
async function refusal(request: Promise<unknown> | (() => unknown)): Promise<EngineError> {
  try {
    await (typeof request === 'function' ? request() : request);
  } catch (error) {
    return error as EngineError;
  }
  throw new Error('nothing was refused');
}

const PROBE = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };

describe('a training', () => {
  test('reports tokens, updates and a summary that agree with the weights', async () => {
    const session = await bench.session();
    const before = await bench.weights(session);
    const recording = new Recording();
    const request = trainRequest({ options: { ...TRAIN_OPTIONS, epochs: 3 }, probes: [PROBE] });
    const result = await session.train(request, recording);
    const after = await bench.weights(session);

    const { updates, spans } = recording;
    const tokens = spans.reduce((sum, { starts }) => sum + starts.length, 0);
    expect(result).toMatchObject({ runId: request.runId, status: 'finished', tokens, positions: 3 * tokens });
    expect(result.updates).toBe(updates.length);
    expect(updates.map(({ index }) => index)).toEqual(updates.map((_, i) => i));
    expect(updates.reduce((sum, { surprise }) => sum + surprise.length, 0)).toBe(result.positions);
    // The spans lie end to end over the whole text.
    const starts = spans.flatMap(span => [...span.starts]);
    const ends = spans.flatMap(span => [...span.ends]);
    expect([starts[0], ends.at(-1)]).toEqual([0, TINY_TEXT.length]);
    expect(starts.slice(1)).toEqual(ends.slice(0, -1));

    const surprise = updates.flatMap(update => [...update.surprise]);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(result.surpriseFirst).toBeCloseTo(mean(surprise.slice(0, tokens)), 4);
    expect(result.surpriseLast).toBeCloseTo(mean(surprise.slice(2 * tokens)), 4);
    expect(result.surpriseLast).toBeLessThan(result.surpriseFirst);

    expect(result.levels.map(({ id }) => id)).toEqual(['memory', 'projections', 'cms.0', 'cms.1', 'cms.2']);
    for (const { id, period, updates: fired, relativeChange, drift, meanRelativeUpdate } of result.levels) {
      expect(fired, id).toBe(Math.floor(result.positions / period) + (result.positions % period ? 1 : 0));
      const names = [...before.keys()].filter(name => levelOf(name) === id);
      const join = (of: typeof before) => names.flatMap(name => [...of.get(name)!]);
      expect(relativeChange, id).toBeCloseTo(distance(join(after), join(before)), 5);
      expect(drift, id).toBeCloseTo(relativeChange, 6);
      expect(meanRelativeUpdate, id).toBeGreaterThan(0);
    }
    const [probe] = result.probes;
    expect(probe).toMatchObject(PROBE);
    expect(probe.after).toEqual((await session.probe([PROBE]))[0]);
    expect(probe.after.probability).toBeGreaterThan(probe.before.probability);
  });

  test('goes on from where the last one ended, and reset begins again', async () => {
    const session = await bench.session();
    const first = new Recording();
    await session.train(trainRequest(), first);
    const second = new Recording();
    await session.train(trainRequest(), second);
    expect(second.updates[0].loss).not.toBe(first.updates[0].loss);
    expect(second.updates[0].index).toBe(0);
    const info = session.reset();
    expect(info.updates).toBe(0);
    const third = new Recording();
    await session.train(trainRequest(), third);
    third.updates.forEach((update, i) => {
      expectSameBits(update.surprise, first.updates[i].surprise, `losses of update ${i}`);
      expectSameBits(update.metrics, first.updates[i].metrics, `numbers of update ${i}`);
    });
  });

  test('that is cancelled keeps exactly the updates it reported', async () => {
    const session = await bench.session();
    const recording = new Recording(7);
    const runPath = bench.path('cancelled.hoperun');
    const result = await session.train(trainRequest({ runPath }), recording);
    expect(result).toMatchObject({ status: 'cancelled', updates: 7, positions: 28 });
    expect(recording.updates.length).toBe(7);
    const cancelled = await bench.weights(session);
    // The same seven ticks and nothing more.
    const other = await bench.session();
    const recovered = await other.recover(runPath);
    expect(recovered.updates).toBe(7);
    for (const [name, values] of await bench.weights(other)) {
      expectSameBits(values, cancelled.get(name)!, name);
    }
  });

  test.each([
    ['the file is free', false],
    ['it is always occupied, so that 64 updates wait at a time', true],
  ])('is in the run file before anyone hears of it when %s', async (_, occupied) => {
    const session = await bench.session();
    const runPath = bench.path(`deeper/new/first-${occupied}.hoperun`);
    const busy = vi.spyOn(RunWriter.prototype, 'occupied', 'get');
    if (occupied) busy.mockReturnValue(true);
    let reader: RunReader | undefined;
    const recording = new Recording(Number.POSITIVE_INFINITY, update => {
      reader ??= RunReader.open(runPath);
      // Others may have waited for the file and been recorded with it.
      expect(reader.updatesCount).toBeGreaterThan(update.index);
      if (occupied) expect(reader.updatesCount).toBeGreaterThanOrEqual(64);
      expectSameBits(
        reader.update(update.index).metrics,
        update.metrics,
        `numbers of update ${update.index}`,
      );
    });
    const result = await session.train(trainRequest({ runPath, probes: [PROBE] }), recording);
    busy.mockRestore();
    expect(result.updates).toBeGreaterThan(65);
    expect(recording.updates.map(({ index }) => index)).toEqual(
      Array.from({ length: result.updates }, (_, i) => i),
    );
    expect(reader?.status).toBe('finished');
    expect(reader?.updatesCount).toBe(result.updates);
    expect(reader?.tokens().ids.length).toBe(result.tokens);
    expect(reader?.lastKeyframe()?.updates).toBe(result.updates);
    reader?.close();
  });

  test('leaves as many tensors as it found, finished, cancelled or refused', async () => {
    const session = await bench.session();
    const before = tf.memory().numTensors;
    await session.train(trainRequest({ probes: [PROBE] }), new Recording());
    expect(tf.memory().numTensors).toBe(before);
    await session.train(trainRequest(), new Recording(3));
    expect(tf.memory().numTensors).toBe(before);
    await refusal(session.train(trainRequest({ probes: [{ prompt: '', answer: 'x' }] }), new Recording()));
    expect(tf.memory().numTensors).toBe(before);
    await session.probe([PROBE]);
    await session.evaluate(TINY_TEXT, () => false);
    await session.describe();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('that diverges keeps the last good update and says what to do', async () => {
    const session = await bench.session();
    const wild = bench.path('wild');
    await makeTinyModel(wild, { config: { learning_rates: { 'cms.0': 1e25 } } });
    await session.load(wild);
    const runPath = bench.path('diverged.hoperun');
    const recording = new Recording();
    const error = await refusal(session.train(trainRequest({ runPath }), recording));
    expect(error.code).toBe('diverged');
    expect(error.message).toMatch(/^Training stopped at token \d+: .* no longer finite/);
    expect(error.remedy).toMatch(/Lower the learning rates/);
    const kept = await bench.weights(session);
    for (const [name, values] of kept) expect(values.every(Number.isFinite), name).toBe(true);
    const reader = RunReader.open(runPath);
    expect(reader.status).toBe('failed');
    expect(reader.updatesCount).toBe(recording.updates.length);
    reader.close();
    expect(recording.updates.length).toBeGreaterThan(2);
    const other = await bench.session();
    await other.load(wild);
    await other.recover(runPath);
    for (const [name, values] of await bench.weights(other)) expectSameBits(values, kept.get(name)!, name);
    // The session is free again.
    session.reset();
    const options = { ...TRAIN_OPTIONS, learningRates: { 'cms.0': 0.1 } };
    expect((await session.train(trainRequest({ options }), new Recording())).status).toBe('finished');
  });
});

describe('input that is refused changes nothing and writes no run', () => {
  const options = (changes: object) => ({ options: { ...TRAIN_OPTIONS, ...changes } });
  test.each<[string, Partial<TrainRequest>, RegExp]>([
    ['an empty text', { text: '' }, /empty/],
    ['a text of white space', { text: ' \n\t\u00a0\u2003' }, /empty/],
    ['no pass', options({ epochs: 0 }), /epochs is 0/],
    ['half a pass', options({ epochs: 1.5 }), /epochs is 1.5/],
    ['a million passes', options({ epochs: 1e6 }), /epochs is 1000000/],
    ['a negative rate', options({ learningRates: { 'cms.0': -1 } }), /cms\.0 is -1/],
    ['a rate that is no number', options({ learningRates: { memory: Number.NaN } }), /memory is NaN/],
    ['a huge rate', options({ learningRates: { memory: 1e9 } }), /memory is 1000000000/],
    ['a rate of a level it lacks', options({ learningRates: { 'cms.9': 1 } }), /"cms\.9"/],
    ['a rate of the outer level', options({ learningRates: { outer: 1 } }), /"outer"/],
    ['a probe without an answer', { probes: [{ prompt: 'Mira', answer: '' }] }, /probe needs/],
    ['a probe without a prompt', { probes: [{ prompt: ' ', answer: 'Lisbon' }] }, /probe needs/],
    ['a probe that is a book', { probes: [{ prompt: 'Mira '.repeat(9000), answer: 'x' }] }, /tokens/],
  ])('%s', async (_, changes, message) => {
    const session = await bench.session();
    const before = await bench.weights(session);
    const runPath = bench.path('refused/run.hoperun');
    const recording = new Recording();
    const error = await refusal(session.train(trainRequest({ runPath, ...changes }), recording));
    expect(error.code).toBe('bad-input');
    expect(error.message).toMatch(message);
    expect(error.remedy).toBeTruthy();
    expect(recording.updates).toEqual([]);
    expect(existsSync(runPath), 'a run file').toBe(false);
    for (const [name, values] of await bench.weights(session)) {
      expectSameBits(values, before.get(name)!, name);
    }
    // And it can be trained.
    expect((await session.train(trainRequest(), new Recording(2))).updates).toBe(2);
  });

  test('a run file that is there already', async () => {
    const session = await bench.session();
    const runPath = bench.path('taken.hoperun');
    await session.train(trainRequest({ runPath }), new Recording(2));
    const error = await refusal(session.train(trainRequest({ runPath }), new Recording()));
    expect(error.message).toContain(runPath);
    expect((await session.train(trainRequest(), new Recording(2))).updates).toBe(2);
    const reader = RunReader.open(runPath);
    expect(reader.updatesCount).toBe(2);
    reader.close();
  });
});

describe('one thing at a time', () => {
  /** Everything that may not happen while something else does. */
  const requests = (session: Session) => ({
    train: () => session.train(trainRequest(), new Recording()),
    load: () => session.load(bench.model),
    reset: () => session.reset(),
    saveFastState: () => session.saveFastState(bench.path('busy.safetensors')),
    loadFastState: () => session.loadFastState(bench.path('kept.safetensors')),
    evaluate: () => session.evaluate(TINY_TEXT, () => false),
    recover: () => session.recover(bench.path('kept.hoperun')),
  });

  /** A session after a training, with its state and run on disk. */
  async function occupied(): Promise<Session> {
    const session = await bench.session();
    const runPath = bench.path('kept.hoperun');
    if (!existsSync(runPath)) await session.train(trainRequest({ runPath }), new Recording(5));
    await session.saveFastState(bench.path('kept.safetensors'));
    return session;
  }

  test('during a training everything but a probe is refused, and the training goes on', async () => {
    const session = await occupied();
    const refused: string[] = [];
    const recording = new Recording(Number.POSITIVE_INFINITY, async ({ index }) => {
      if (index !== 3) return;
      for (const [name, request] of Object.entries(requests(session))) {
        const error = await refusal(request);
        expect([error.code, error.remedy], name).toEqual(['busy', expect.stringMatching(/stop/)]);
        expect(error.message, name).toMatch(/while a training runs/);
        refused.push(name);
      }
      expect((await session.probe([PROBE]))[0].tokens).toBeGreaterThan(0);
      expect((await session.describe()).length).toBeGreaterThan(10);
    });
    const result = await session.train(trainRequest(), recording);
    expect(refused.length).toBe(7);
    expect(result.status).toBe('finished');
    expect(readdirSync(bench.folder)).not.toContain('busy.safetensors');
  });

  test.each(['load', 'loadFastState', 'evaluate', 'recover'] as const)(
    'nothing else begins during %s',
    async name => {
      const session = await occupied();
      const running = requests(session)[name]();
      const others = Object.entries(requests(session)).map(
        ([other, request]) => [other, refusal(request)] as const,
      );
      await running;
      for (const [other, refused] of others)
        expect((await refused).code, `${other} during ${name}`).toBe('busy');
      expect(session.reset().updates).toBe(0);
    },
  );
});

describe('a model', () => {
  test('is described with its levels, tick and parameters', async () => {
    const session = await bench.session();
    const info: ModelInfo = session.reset();
    expect(info).toMatchObject({
      name: 'tiny',
      path: bench.model,
      blocks: 2,
      width: 16,
      tick: 4,
      updates: 0,
    });
    const tensors = await session.describe();
    const sizes = tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(info.parameters).toBe(sizes.reduce((a, b) => a + b, 0));
    expect(tensors.every(({ delta }) => delta === 0)).toBe(true);
    await session.train(trainRequest(), new Recording());
    const weights = await bench.weights(session);
    for (const { name, level, norm, delta } of await session.describe()) {
      if (level === 'outer') expect(delta, name).toBe(0);
      else {
        expect(norm, name).toBeCloseTo(Math.hypot(...weights.get(`fast.${name}`)!), 4);
        expect(delta, name).toBeGreaterThan(0);
      }
    }
  });

  test('that is damaged is refused, and the open one stays with what it learned', async () => {
    const session = await bench.session();
    await session.train(trainRequest(), new Recording(5));
    const before = await bench.weights(session);
    const tensors = tf.memory().numTensors;
    const damaged = bench.path('damaged');
    await cp(bench.model, damaged, { recursive: true });
    await truncate(`${damaged}/model.safetensors`, 5000);
    for (const path of [damaged, bench.path('nowhere'), `${bench.model}/config.json`]) {
      expect((await refusal(session.load(path))).message).toContain(path);
    }
    expect(tf.memory().numTensors).toBe(tensors);
    for (const [name, values] of await bench.weights(session)) {
      expectSameBits(values, before.get(name)!, name);
    }
    expect((await session.load(bench.model)).updates).toBe(0);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('must be there before anything else', async () => {
    const session = new Session({ engine: '0.0.0', backend: 'wasm' });
    const all: (() => unknown)[] = [
      () => session.train(trainRequest(), new Recording()),
      () => session.probe([PROBE]),
      () => session.describe(),
      () => session.reset(),
      () => session.recover(bench.path('kept.hoperun')),
      () => session.evaluate('text', () => false),
      () => session.saveFastState(bench.path('none.safetensors')),
      () => session.loadFastState(bench.path('none.safetensors')),
    ];
    for (const request of all) expect((await refusal(request)).code).toBe('no-model');
  });

  test('reads a text without learning from it', async () => {
    const session = await bench.session();
    const before = await bench.weights(session);
    const once = await session.evaluate(TINY_TEXT, () => false);
    expect(once.loss).toBeGreaterThan(0);
    expect(once.loss).toBeLessThan(2 * Math.log(TINY_CONFIG.vocabulary));
    expect(await session.evaluate(TINY_TEXT, () => false)).toEqual(once);
    expect(await session.probe([PROBE])).toEqual(await session.probe([PROBE]));
    for (const [name, values] of await bench.weights(session)) {
      expectSameBits(values, before.get(name)!, name);
    }
    expect((await refusal(session.evaluate('', () => false))).code).toBe('bad-input');
    expect((await refusal(session.evaluate(TINY_TEXT, () => true))).message).toMatch(/cancelled/);
  });
});
