import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { decodeFrame } from '../../engine/protocol/frame.ts';
import * as protocol from '../../engine/protocol/requests.ts';
import { overviewTrack } from '../../engine/protocol/runOverview.ts';
import * as runs from '../../engine/protocol/runRequests.ts';
import { RunReader } from '../../engine/run/index.ts';
import { refusalOf } from '../support/forkedEngine.ts';
import { expectSameBits } from '../support/near.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';
import { Recording, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
const PROBE = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };
const LONG = { text: TINY_TEXT.repeat(20), options: { ...TRAIN_OPTIONS, epochs: 100 } };

/** A finished run of 68 updates and 271 tokens. */
let path: string;
let recording: Recording;
beforeAll(async () => {
  path = engines.bench.path('recorded.hoperun');
  recording = new Recording();
  const session = await engines.bench.session();
  await session.train({ ...trainRequest({ probes: [PROBE] }), runPath: path }, recording);
  session.dispose();
});

describe('a recorded run', () => {
  test('is read by an engine that has no model, and says what needs one', async () => {
    const engine = engines.bare();
    await engine.initialize();
    const { connection } = engine;
    const info = await connection.sendRequest(runs.DescribeRun, { path });
    expect(info).toMatchObject({
      updates: 68,
      tokens: 271,
      positions: 271,
      status: 'finished',
      modelName: 'tiny',
    });
    expect(info.unavailable).toBe('Its states need the model “tiny” that it was made with; none is loaded.');
    expect([info.keyframes[0], info.keyframes.at(-1)]).toEqual([0, 68]);
    const tokens = await connection.sendRequest(runs.ReadTokens, { path, first: 0, count: 1000 });
    expect(tokens.texts.join('')).toBe(TINY_TEXT);
    expect([tokens.starts, tokens.ends].map(places => places.constructor)).toEqual([
      Uint32Array,
      Uint32Array,
    ]);
    const part = await connection.sendRequest(runs.ReadTokens, { path, first: 268, count: 10 });
    expect(part).toMatchObject({ first: 268, texts: tokens.texts.slice(268) });
    const updates = decodeFrame(
      await connection.sendRequest(runs.ReadUpdates, { path, first: 60, count: 100 }),
    );
    expect(updates.map(({ index }) => index)).toEqual([60, 61, 62, 63, 64, 65, 66, 67]);
    for (const update of updates) {
      expectSameBits(update.metrics, recording.updates[update.index].metrics, `update ${update.index}`);
    }
    const after = await connection.sendRequest(runs.ReadUpdates, { path, first: 68, count: 5 });
    expect(after.count).toBe(0);
    const range = { path, from: 0, to: 271, columns: 271 };
    const overview = await connection.sendRequest(runs.ReadOverview, range);
    const surprises = recording.updates.flatMap(({ surprise }) => [...surprise]);
    expectSameBits(overviewTrack(overview, 'surpriseMax'), Float32Array.from(surprises), 'surprise');
    const seek = await refusalOf(connection.sendRequest(runs.SeekRun, { path, updates: 3 }));
    expect(seek.code).toBe('no-model');
  });

  test('is gone to while another window reads it, and marked there', async () => {
    const [first, second] = [await engines.opened(), await engines.opened()];
    const seek = await first.connection.sendRequest(runs.SeekRun, { path, updates: 30 });
    expect(seek).toMatchObject({ updates: 30, position: 120 });
    const [early] = await first.connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] });
    await first.connection.sendRequest(runs.SeekRun, { path, updates: 68 });
    const [late] = await first.connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] });
    expect(late.meanLogProbability).toBeGreaterThan(early.meanLogProbability);
    const reader = RunReader.open(path);
    const marked = await first.connection.sendRequest(runs.Annotate, { path, updates: 30, note: 'here' });
    expect(marked.bookmarks).toEqual([{ updates: 30, note: 'here' }]);
    const seen = await second.connection.sendRequest(runs.Annotate, { path, updates: 2, note: '' });
    expect(seen.bookmarks).toEqual([
      { updates: 2, note: '' },
      { updates: 30, note: 'here' },
    ]);
    expect(reader.details().bookmarks).toEqual(seen.bookmarks);
    reader.close();
    await first.connection.sendRequest(runs.Annotate, { path, updates: 30 });
    const cleared = await second.connection.sendRequest(runs.Annotate, { path, updates: 2 });
    expect(cleared.bookmarks).toEqual([]);
    const beyond = await refusalOf(
      second.connection.sendRequest(runs.Annotate, { path, updates: 69, note: '' }),
    );
    expect(beyond).toMatchObject({ code: 'bad-input', message: expect.stringContaining('68 updates') });
  });

  test('of another model, another backend or a newer version is refused in words, and nothing changes', async () => {
    const other = engines.bench.path('other');
    await makeTinyModel(other, { seed: 2 });
    const engine = await engines.opened();
    const { connection } = engine;
    const { updates } = await connection.sendRequest(protocol.Train, trainRequest());
    const altered = (name: string, sql: string) => {
      const copy = engines.bench.path(name);
      copyFileSync(path, copy);
      const database = new DatabaseSync(copy);
      database.exec(sql);
      database.close();
      return copy;
    };
    const gpu = altered('gpu.hoperun', "UPDATE run SET backend = 'tensorflow'");
    const { unavailable } = await connection.sendRequest(runs.DescribeRun, { path: gpu });
    expect(unavailable).toMatch(/backend tensorflow .+ runs on wasm/);
    const onGpu = await refusalOf(connection.sendRequest(runs.SeekRun, { path: gpu, updates: 3 }));
    expect(onGpu).toMatchObject({ code: 'bad-input', message: unavailable });
    const newer = altered('newer.hoperun', 'PRAGMA user_version = 5');
    const refused = await refusalOf(connection.sendRequest(runs.DescribeRun, { path: newer }));
    expect(refused).toMatchObject({ code: 'io', remedy: 'Update Hopescope, then open the run again.' });
    const after = await refusalOf(connection.sendRequest(runs.SeekRun, { path, updates: 99 }));
    expect(after).toMatchObject({ code: 'bad-input', remedy: 'Ask for 0 to 68.' });
    const before = await connection.sendRequest(protocol.Describe);
    expect(before.some(({ delta }) => delta > 0)).toBe(true);
    await engine.load(other);
    const foreign = await connection.sendRequest(runs.DescribeRun, { path });
    expect(foreign.unavailable).toMatch(/need the model “tiny” .+ another one is loaded/);
    const seek = await refusalOf(connection.sendRequest(runs.SeekRun, { path, updates: 3 }));
    expect(seek).toMatchObject({ code: 'bad-input', message: foreign.unavailable });
    expect(updates).toBe(68);
  });
});

describe('a stepped training', () => {
  test('has the engine to itself, is cancelled in mid-way, and its file holds all when the host is gone', async () => {
    const engine = await engines.opened();
    const { connection } = engine;
    const runPath = engines.bench.path('host-gone.hoperun');
    const request = trainRequest({ ...LONG, runPath, probes: [PROBE] });
    const { runId } = request;
    expect((await connection.sendRequest(runs.OpenStepper, request)).status).toBe('running');
    expect(engine.spans.reduce((sum, { starts }) => sum + starts.length, 0)).toBeGreaterThan(5000);
    const first = await connection.sendRequest(runs.StepTo, { runId, updates: 3 });
    expect(first).toMatchObject({ updates: 3, position: 12, ended: false });
    expect(decodeFrame(first.frame).map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const refused of [
      connection.sendRequest(protocol.Train, trainRequest()),
      connection.sendRequest(protocol.ResetMemory),
      connection.sendRequest(runs.SeekRun, { path, updates: 3 }),
      connection.sendRequest(runs.OpenStepper, { ...request, runPath: engines.bench.path('second.hoperun') }),
    ]) {
      expect(await refusalOf(refused)).toMatchObject({
        code: 'busy',
        message: expect.stringMatching(/while a training is stepped through/),
        remedy: 'Stop debugging first.',
      });
    }
    const unknown = await refusalOf(connection.sendRequest(runs.StepTo, { runId: 'another', updates: 1 }));
    expect(unknown.code).toBe('bad-input');
    const source = new CancellationTokenSource();
    const far = connection.sendRequest(runs.StepTo, { runId, updates: 100_000 }, source.token);
    const busy = await refusalOf(connection.sendRequest(runs.StepTo, { runId, updates: 1 }));
    expect(busy.code).toBe('busy');
    const [probe] = await connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] });
    expect(probe.tokens).toBeGreaterThan(0);
    source.cancel();
    const stopped = await far;
    expect(stopped.updates).toBeGreaterThan(3);
    expect(stopped.ended).toBe(false);
    const back = await connection.sendRequest(runs.StepTo, { runId, updates: 2 });
    expect(back).toMatchObject({ updates: 2, position: 8, frame: { count: 0 } });
    engine.child.disconnect();
    expect(await engine.ended).toBe(0);
    const reader = RunReader.open(runPath);
    expect([reader.status, reader.updatesCount]).toEqual(['running', stopped.updates]);
    reader.close();
    // Another engine goes on from there, at any of its moments.
    const next = await engines.opened();
    const seek = await next.connection.sendRequest(runs.SeekRun, { path: runPath, updates: stopped.updates });
    expect(seek.position).toBe(stopped.position);
  });

  test('closed before its end is a cancelled run whose later updates stay; the memory is that of the cursor', async () => {
    const { connection } = await engines.opened();
    const request = trainRequest({ runPath: engines.bench.path('closed.hoperun'), probes: [PROBE] });
    const { runId } = request;
    await connection.sendRequest(runs.OpenStepper, request);
    await connection.sendRequest(runs.StepTo, { runId, updates: 40 });
    await connection.sendRequest(runs.StepTo, { runId, updates: 10 });
    const scored = await connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] });
    const info = await connection.sendRequest(runs.CloseStepper, { runId });
    expect([info.status, info.updates, info.keyframes.at(-1)]).toEqual(['cancelled', 40, 40]);
    expect(info.probes[0].scores.map(({ updates }) => updates)).toEqual([0, 40]);
    expect(await connection.sendRequest(protocol.ScoreProbes, { probes: [PROBE] })).toEqual(scored);
    expect((await connection.sendRequest(protocol.Train, trainRequest())).status).toBe('finished');
  });

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'in a folder that may not be written to says so and leaves the engine free',
    async () => {
      const { connection } = await engines.opened();
      const folder = engines.bench.path('read-only');
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      const request = trainRequest({ runPath: join(folder, 'x.hoperun') });
      const refused = await refusalOf(connection.sendRequest(runs.OpenStepper, request));
      expect(refused).toMatchObject({ code: 'io', remedy: expect.stringContaining('may be written to') });
      chmodSync(folder, 0o700);
      expect((await connection.sendRequest(protocol.Train, trainRequest())).status).toBe('finished');
    },
  );

  test('in a folder that cannot be made says so and leaves the engine free', async () => {
    const { connection } = await engines.opened();
    const request = trainRequest({ runPath: join(path, 'below a file', 'x.hoperun') });
    const refused = await refusalOf(connection.sendRequest(runs.OpenStepper, request));
    expect(refused).toMatchObject({ code: 'io', remedy: expect.stringContaining('may be written to') });
    expect((await connection.sendRequest(protocol.Train, trainRequest())).status).toBe('finished');
  });

  test('into a file that another window records is refused, and that one goes on', async () => {
    const [first, second] = [await engines.opened(), await engines.opened()];
    const runPath = engines.bench.path('both.hoperun');
    const request = trainRequest({ ...LONG, runPath });
    const training = first.connection.sendRequest(protocol.Train, request);
    await first.arrived(20);
    const mine = trainRequest({ runPath });
    const refused = await refusalOf(second.connection.sendRequest(runs.OpenStepper, mine));
    expect(refused).toMatchObject({ code: 'io', message: expect.stringContaining('is not overwritten') });
    // The other window follows it and marks it meanwhile.
    const live = await second.connection.sendRequest(runs.DescribeRun, { path: runPath });
    expect([live.status, live.updates > 0]).toEqual(['running', true]);
    const marked = await second.connection.sendRequest(runs.Annotate, {
      path: runPath,
      updates: 5,
      note: 'x',
    });
    expect(marked.bookmarks).toEqual([{ updates: 5, note: 'x' }]);
    const seek = await second.connection.sendRequest(runs.SeekRun, { path: runPath, updates: 11 });
    expect(seek.position).toBe(44);
    const arrived = first.updates.length;
    await first.arrived(arrived + 20);
    await first.connection.sendRequest(protocol.Cancel, request);
    const { updates } = await training;
    const info = await second.connection.sendRequest(runs.DescribeRun, { path: runPath });
    expect([info.status, info.updates, info.bookmarks.length]).toEqual(['cancelled', updates, 1]);
  });
});
