import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Train } from '../../engine/protocol/requests.ts';
import { DescribeRun, ReadOverview, ReadUpdates, SeekRun } from '../../engine/protocol/runRequests.ts';
import { ForkedEngine } from '../support/forkedEngine.ts';
import { bundle } from './bundle.mjs';
import { EngineMemory } from './engineMemory.mjs';
import { median, row } from './statistics.mjs';

/** A shorter run for a first look: `HOPESCOPE_BENCH_LONG=5000 npm run bench -- longRun`. */
const UPDATES = Number(process.env.HOPESCOPE_BENCH_LONG ?? 100_000);
const COLUMNS = 2000;
/** What the states of the run may take; without, they would take the default gigabyte. */
const STATES_MB = 64;

/** Milliseconds of `times` requests, one after the other. */
async function timed(times, ask) {
  const taken = [];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await ask(i);
    taken.push(performance.now() - begun);
  }
  return taken;
}

/** A run ten times as long as those of `runs`, of a model so small that its training ends: only the length matters. */
export async function measureLongRun() {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  const model = join(folder, 'model');
  const { makeTinyModel, TINY_TEXT } = await import(pathToFileURL(await bundle('tinyModel', 'test/support')));
  await makeTinyModel(model, { config: { width: 8, heads: 1, blocks: 1 } });
  const engine = await ForkedEngine.open(model);
  const path = join(folder, 'long.hoperun');
  try {
    const train = async (epochs, recorded) => {
      const options = { epochs, learningRates: {}, partialChunk: 'flush', telemetry: true };
      const request = { runId: `long-${epochs}`, text: TINY_TEXT, title: 'long', options, probes: [] };
      return engine.connection.sendRequest(Train, { ...request, ...recorded });
    };
    const once = await train(1, {});
    let seen = 0;
    const memory = new EngineMemory(engine, () => {
      seen += engine.updates.length;
      engine.updates.length = engine.frames.length = 0;
      return seen;
    });
    const storageBudget = STATES_MB * 2 ** 20;
    const epochs = Math.ceil((UPDATES * 4) / once.positions);
    const { updates, positions, seconds } = await train(epochs, { runPath: path, storageBudget });
    memory.stop();
    const { size } = await stat(path);
    const overview = { path, from: 0, to: positions, columns: COLUMNS };
    const described = await timed(5, () => engine.connection.sendRequest(DescribeRun, { path }));
    const drawn = await timed(5, () => engine.connection.sendRequest(ReadOverview, overview));
    const anywhere = i => Math.floor(((i * 0.618034) % 1) * updates);
    const read = await timed(30, i =>
      engine.connection.sendRequest(ReadUpdates, { path, first: anywhere(i), count: 1 }),
    );
    await engine.load(model);
    const sought = await timed(30, i =>
      engine.connection.sendRequest(SeekRun, { path, updates: anywhere(i) }),
    );
    return [
      row(
        `a run of ${updates} updates of a tiny model: trained`,
        (1000 * seconds) / updates,
        'ms an update',
        2,
      ),
      row(`  its file, states at most ${STATES_MB} MB`, size / 2 ** 20, 'MB'),
      row('  described', median(described), 'ms', 1),
      row(`  condensed to ${COLUMNS} columns`, median(drawn), 'ms', 1, '< 300 ms', median(drawn) < 300),
      row('  one update read from the file', median(read), 'ms', 1, '< 50 ms', median(read) < 50),
      row('  one update restored', median(sought), 'ms', 0, '< 250 ms', median(sought) < 250),
      row('  the slowest', Math.max(...sought), 'ms', 0),
      ...memory.rows(`${updates} recorded updates`),
    ];
  } finally {
    await engine.kill();
    await rm(folder, { recursive: true });
  }
}
