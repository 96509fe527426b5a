import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Train } from '../../engine/protocol/requests.ts';
import { Absorb } from '../../engine/protocol/runRequests.ts';
import { ForkedEngine } from '../support/forkedEngine.ts';
import { row } from './statistics.mjs';

const MODEL = 'media/hope-mini';
const EVALUATIONS = 64;
const TOKENS = 32;
const SENTENCE = 'Mira Halloway was born in Lisbon.';

/** All subsets of levels by rows against one by one, and a whole report from the request to the answer. */
export async function measureAbsorption() {
  const { together, alone } = measureSubsets();
  const report = await measureReport();
  return [
    row(
      `${EVALUATIONS} evaluations of a ${TOKENS}-token probe, hope-mini`,
      together,
      's',
      2,
      '< 1 s',
      together < 1,
      { name: 'one by one', value: alone },
    ),
    row('a whole report on levels: 24 controls a level, 12 path points, hand-over', report, 's', 1),
  ];
}

/** In a process of its own, which reads the engine's sources as they are. */
function measureSubsets() {
  const script = fileURLToPath(new URL('./subsets.mjs', import.meta.url));
  const flags = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'];
  const args = [...flags, script, MODEL, String(EVALUATIONS), String(TOKENS)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

async function measureReport() {
  const engine = await ForkedEngine.open(MODEL);
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  const path = join(folder, 'run.hoperun');
  const options = { epochs: 8, learningRates: {}, partialChunk: 'flush', telemetry: true };
  const request = { runId: 'bench', text: SENTENCE, title: 'bench', options, probes: [], runPath: path };
  const { updates } = await engine.connection.sendRequest(Train, request);
  const begun = performance.now();
  await engine.connection.sendRequest(Absorb, {
    ...{ token: 'bench', path, from: 0, to: updates, controls: 24, seed: 1, pathPoints: 12 },
    ...{ fact: { prompt: 'Mira Halloway was born in', answer: 'Lisbon' }, paraphrases: [], neighbours: [] },
  });
  const seconds = (performance.now() - begun) / 1000;
  await engine.kill();
  await rm(folder, { recursive: true });
  return seconds;
}
