import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Train } from '../../engine/protocol/requests.ts';
import {
  DescribeRun,
  ReadOverview,
  ReadTokens,
  ReadUpdates,
  SeekRun,
} from '../../engine/protocol/runRequests.ts';
import { ForkedEngine } from '../support/forkedEngine.ts';
import { compared, median, row } from './statistics.mjs';

const MODEL = 'media/hope-mini';
const TEXT = await readFile('test/fixtures/heldOut/shakespeare.txt', 'utf8');
/** A shorter run for a first look: `HOPESCOPE_BENCH_UPDATES=500 npm run bench -- runs`. */
const UPDATES = Number(process.env.HOPESCOPE_BENCH_UPDATES ?? 10_000);
const JUMPS = 60;
const PAIRS = 9;

/** Numbers that look random and are the same every time. */
function places(count, below) {
  return Array.from({ length: count }, (_, i) => Math.floor(((i * 0.618034) % 1) * below));
}

async function train(engine, text, changes, recorded = {}) {
  const options = { epochs: 1, learningRates: {}, partialChunk: 'flush', telemetry: true, ...changes };
  const request = { runId: `bench-${Math.random()}`, text, title: 'bench', options, probes: [], ...recorded };
  const result = await engine.connection.sendRequest(Train, request);
  engine.updates.length = 0;
  engine.frames.length = 0;
  return result;
}

/** Milliseconds of each request, one after the other. */
async function timed(inputs, ask) {
  const times = [];
  for (const input of inputs) {
    const begun = performance.now();
    await ask(input);
    times.push(performance.now() - begun);
  }
  return times;
}

const worst = times => Math.max(...times);

/** What recording costs: the same text with and without a run file, alternating, some four seconds of training each. */
async function measureRecording(engine, folder) {
  const text = TEXT.slice(0, 3000);
  const pace = async recorded => {
    const { positions, seconds } = await train(engine, text, { epochs: 4 }, recorded);
    return positions / seconds;
  };
  await pace();
  const [shares, plain, written] = [[], [], []];
  for (let i = 0; i < PAIRS; i++) {
    const runPath = join(folder, `cost-${i}.hoperun`);
    const first = i % 2 ? await pace({ runPath }) : await pace();
    const second = i % 2 ? await pace() : await pace({ runPath });
    const [without, recorded] = i % 2 ? [second, first] : [first, second];
    shares.push(without / recorded);
    plain.push(1000 / without);
    written.push(1000 / recorded);
    await rm(runPath);
  }
  const measured = { value: median(written), unit: 'ms a token', digits: 3 };
  const baseline = { name: 'not recorded', value: median(plain), ratio: median(shares) };
  const what = `training with its run recorded (median of ${PAIRS} pairs)`;
  return compared(what, measured, baseline, { atMost: 1.05 });
}

/** Reading and restoring updates of a long run, and what it takes on disk. */
export async function measureRuns() {
  const engine = await ForkedEngine.open(MODEL);
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  const { connection } = engine;
  const rows = [await measureRecording(engine, folder)];
  const path = join(folder, 'long.hoperun');
  const text = TEXT.slice(0, 6000);
  const { tokens } = await train(engine, text);
  const epochs = Math.max(1, Math.round((UPDATES * 4) / tokens));
  const { updates, positions } = await train(engine, text, { epochs }, { runPath: path });
  await engine.load(MODEL);
  const anywhere = places(JUMPS, updates);
  const read = await timed(anywhere, async first => {
    await connection.sendRequest(ReadUpdates, { path, first, count: 1 });
    await connection.sendRequest(ReadTokens, { path, first: (first * 4) % tokens, count: 4 });
  });
  const what = `one of ${updates} updates`;
  rows.push(
    row(`${what} read from the file`, median(read), 'ms', 1),
    row('  the slowest', worst(read), 'ms', 1, '< 50 ms', worst(read) < 50),
  );
  const described = await timed(places(10, 1), () => connection.sendRequest(DescribeRun, { path }));
  const range = { path, from: 0, to: positions, columns: 2000 };
  const drawn = await timed(places(10, 1), () => connection.sendRequest(ReadOverview, range));
  rows.push(
    row(`a run of ${updates} updates described`, median(described), 'ms', 1),
    row('  condensed to 2000 columns', median(drawn), 'ms', 1),
  );
  const recomputed = [];
  const sought = await timed(anywhere, async at => {
    recomputed.push((await connection.sendRequest(SeekRun, { path, updates: at })).recomputed);
  });
  const stepped = [];
  for (const at of places(5, updates - 20)) {
    await connection.sendRequest(SeekRun, { path, updates: at + 20 });
    const back = Array.from({ length: 20 }, (_, i) => at + 19 - i);
    stepped.push(...(await timed(back, to => connection.sendRequest(SeekRun, { path, updates: to }))));
  }
  const { keyframes } = await connection.sendRequest(DescribeRun, { path });
  const { size } = await stat(path);
  rows.push(
    row(`${what} restored`, median(sought), 'ms', 0, '< 250 ms', median(sought) < 250),
    row('  the slowest', worst(sought), 'ms', 0, '< 250 ms', worst(sought) < 250),
    row('  updates computed again for it', median(recomputed), ''),
    row('one step back', median(stepped), 'ms', 1, '< 50 ms', median(stepped) < 50),
    row('  the slowest of 100', worst(stepped), 'ms', 0),
    row('whole states in the file', keyframes.length, ''),
    row('the file', size / 2 ** 20, 'MB (states at most 4096)'),
  );
  await engine.kill();
  await rm(folder, { recursive: true });
  return rows;
}
