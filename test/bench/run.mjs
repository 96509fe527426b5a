// `npm run bench [-- PART… --json --write --resume --list]`: measures on this machine and prints a table. Targets are
// printed beside the figures; a missed one fails nothing. docs/results/README.md explains the parts and the table.
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { GROUPS, PARTS } from './parts.mjs';
import { RowsFile } from './rowsFile.mjs';
import { failure } from './statistics.mjs';
import { describeMachine, formatTable } from './table.mjs';

const PATH = '.bench/rows.jsonl';
const names = Object.keys(PARTS);
const flag = { type: 'boolean', default: false };
const { values: flags, positionals } = parseArgs({
  options: { json: flag, write: flag, resume: flag, list: flag },
  allowPositionals: true,
});
const asked = positionals.flatMap(name => GROUPS[name] ?? name);
const unknown = asked.find(name => !(name in PARTS));
if (unknown) {
  console.error(`There is no part "${unknown}". Parts: ${[...names, ...Object.keys(GROUPS)].join(', ')}.`);
  process.exit(1);
}
if (flags.list) {
  for (const name of names) console.log(`${name}: about ${PARTS[name].minutes} min`);
  process.exit(0);
}

const header = { machine: describeMachine(), begun: new Date().toISOString() };
const file = flags.resume ? RowsFile.resume(PATH, header) : RowsFile.start(PATH, header);
process.on('SIGINT', () => {
  console.error(`\nInterrupted. What was measured is in ${PATH}; the same command with --resume goes on.`);
  process.exit(130);
});

let failed = false;
for (const name of asked.length ? names.filter(each => asked.includes(each)) : names) {
  if (file.isFinished(name)) continue;
  process.stderr.write(`${name}, about ${PARTS[name].minutes} min…\n`);
  file.begin(name);
  try {
    for await (const row of await PARTS[name].measure()) file.add(name, row);
    file.finish(name);
  } catch (error) {
    failed = true;
    file.add(name, failure(name, error instanceof Error ? error.message : String(error)));
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : error}\n`);
  }
}

const rows = file.rows(names);
const { machine } = header;
if (flags.json) console.log(JSON.stringify({ machine, rows }));
else console.log(`${machine}\n\n${formatTable(rows)}`);
if (flags.write) {
  await mkdir('docs/results', { recursive: true });
  await writeFile(
    'docs/results/bench.md',
    `# Measured by \`npm run bench\`\n\n${machine}\n\n${formatTable(rows)}\n`,
  );
}
process.exit(failed ? 1 : 0);
