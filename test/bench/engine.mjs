import { readFile } from 'node:fs/promises';
import { Train } from '../../engine/protocol/requests.ts';
import { ForkedEngine } from '../support/forkedEngine.ts';
import { EngineMemory } from './engineMemory.mjs';
import { compared, median, row } from './statistics.mjs';

const MODEL = 'media/hope-mini';
const SENTENCE = 'Mira Halloway was born in Lisbon.';
const TEXT = await readFile('test/fixtures/heldOut/shakespeare.txt', 'utf8');

const PAIRS = 15;

let runs = 0;
/** Trains and answers the seconds until the first update arrived, and the result. */
async function train(engine, text, changes = {}) {
  const runId = `bench-${++runs}`;
  const options = { epochs: 1, learningRates: {}, partialChunk: 'flush', telemetry: true, ...changes };
  const have = engine.updates.length;
  const begun = performance.now();
  const result = engine.connection.sendRequest(Train, {
    runId,
    text,
    title: 'bench',
    options,
    probes: [],
  });
  await engine.arrived(have + 1);
  const first = (performance.now() - begun) / 1000;
  const finished = await result;
  engine.updates.length = 0;
  return { first, ...finished };
}

/** From the command, as the engine sees it, to the first update in the host. */
export async function measureLatency() {
  const cold = [];
  const warm = [];
  for (let i = 0; i < 3; i++) {
    const begun = performance.now();
    const engine = await ForkedEngine.open(MODEL);
    const ready = (performance.now() - begun) / 1000;
    cold.push(ready + (await train(engine, SENTENCE)).first);
    await train(engine, TEXT.slice(0, 600));
    warm.push((await train(engine, SENTENCE)).first);
    await engine.kill();
  }
  return [
    row(
      'command to first update in the extension host, engine not running',
      median(cold),
      's',
      2,
      '< 1.5 s',
      median(cold) < 1.5,
    ),
    row(
      'command to first update in the extension host, engine running',
      median(warm),
      's',
      3,
      '< 0.3 s',
      median(warm) < 0.3,
    ),
  ];
}

/** Online training of hope-mini, and what telemetry costs, alternating in one process. */
export async function measureTraining() {
  const engine = await ForkedEngine.open(MODEL);
  const text = TEXT.slice(0, 3000);
  const pace = async telemetry => {
    const { positions, seconds } = await train(engine, text, { telemetry });
    return positions / seconds;
  };
  await pace(true);
  const [on, off] = [[], []];
  for (let i = 0; i < PAIRS; i++) {
    for (const telemetry of i % 2 ? [true, false] : [false, true]) {
      (telemetry ? on : off).push(await pace(telemetry));
    }
  }
  await engine.kill();
  const measured = { value: 1000 / median(on), unit: 'ms a token', digits: 3 };
  const ratio = median(off.map((rate, i) => rate / on[i]));
  const baseline = { name: 'telemetry off', value: 1000 / median(off), ratio };
  return [
    row('online training, hope-mini (2.1 M parameters)', median(on), 'tokens/s'),
    compared(`the same, telemetry on (median of ${PAIRS} pairs)`, measured, baseline, { atMost: 1.05 }),
  ];
}

/** Resident memory over 10,000 ticks, by the engine's own heartbeat. */
export async function measureMemory() {
  const TICKS = 10_000;
  const engine = await ForkedEngine.open(MODEL);
  const sample = TEXT.slice(0, 3000);
  const { tokens } = await train(engine, sample);
  const memory = new EngineMemory(engine, () => engine.updates.length);
  await train(engine, sample, { epochs: Math.ceil((TICKS * 4) / tokens) });
  memory.stop();
  await engine.kill();
  return memory.rows('10 000 ticks');
}
