// `npm run bench [-- PART…] [--json] [--write]`: measures on this machine and prints a table. PART is a name of PARTS.
// Targets are printed beside the figures; a missed one fails nothing.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { measureAbsorption } from './absorption.mjs';
import { measureActivation } from './activation.mjs';
import { measureBackends } from './backends.mjs';
import { measureEditor } from './editor.mjs';
import { measureLatency, measureMemory, measureTraining } from './engine.mjs';
import { measureKernels } from './kernels.mjs';
import { measurePretraining } from './pretraining.mjs';
import { measureRuns } from './runs.mjs';
import { measureTimeline } from './timeline.mjs';
import { measureView } from './view.mjs';

const PARTS = {
  activation: measureActivation,
  editor: measureEditor,
  latency: measureLatency,
  training: measureTraining,
  memory: measureMemory,
  kernels: measureKernels,
  backends: measureBackends,
  absorption: measureAbsorption,
  runs: measureRuns,
  view: measureView,
  timeline: measureTimeline,
  pretraining: measurePretraining,
};
const flags = process.argv.slice(2);
const asked = flags.filter(flag => flag in PARTS);

const rows = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (asked.length && !asked.includes(name)) continue;
  process.stderr.write(`${name}…\n`);
  rows.push(...(await measure()));
}

const [{ model }] = cpus();
const machine = `${model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
const cells = rows.map(({ what, value, unit, target, met }) => [
  what,
  `${value} ${unit}`,
  target ?? '',
  target ? (met ? 'met' : 'missed') : '',
]);
const table = [
  '| what | measured | target | |',
  '|---|---|---|---|',
  ...cells.map(row => `| ${row.join(' | ')} |`),
].join('\n');
if (flags.includes('--json')) console.log(JSON.stringify({ machine, rows }));
else console.log(`${machine}\n\n${table}`);
if (flags.includes('--write')) {
  await mkdir('docs/results', { recursive: true });
  await writeFile('docs/results/bench.md', `# Measured by \`npm run bench\`\n\n${machine}\n\n${table}\n`);
}
process.exit(0);
