import type { Command } from 'commander';
import type { RunInfo } from '../engine/protocol/runInfo.ts';
import { describeRun, withRun } from '../engine/session/runReading.ts';
import { Output } from './output.ts';
import { type Column, table } from './table.ts';

const HELP = `
Needs no model. A run that was killed says "running"; what it recorded is all there.

Examples:
  hopescope runs people.hoperun
  hopescope runs *.hoperun --json`;

const COLUMNS: readonly Column<RunInfo>[] = [
  { title: 'run', text: true, cell: run => run.path },
  { title: 'title', text: true, cell: run => run.title },
  { title: 'model', text: true, cell: run => run.modelName },
  { title: 'status', text: true, cell: run => run.status },
  { title: 'updates', cell: run => String(run.updates) },
  { title: 'tokens read', cell: run => String(run.positions) },
  { title: 'states', cell: run => String(run.keyframes.length) },
  { title: 'bookmarks', cell: run => String(run.bookmarks.length) },
  { title: 'probes', cell: run => String(run.probes.length) },
  { title: 'MB', cell: run => (run.bytes / 1e6).toFixed(1) },
  {
    title: 'branched from',
    text: true,
    cell: ({ parent }) => (parent ? `${parent.runId} after ${parent.updates}: ${parent.change.kind}` : ''),
  },
];

export function addRuns(program: Command): void {
  program
    .command('runs <files...>')
    .description('what recorded runs (*.hoperun) hold')
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(runRuns);
}

/** Describes all files that can be read, then refuses with the first that cannot. */
async function runRuns(files: readonly string[], { json }: { readonly json: boolean }): Promise<void> {
  const output = new Output(json);
  const runs: RunInfo[] = [];
  let refused: unknown;
  for (const file of files) {
    try {
      runs.push(await withRun(file, reader => describeRun(reader, undefined)));
    } catch (error) {
      refused ??= error;
    }
  }
  if (runs.length) await output.result({ runs }, table(COLUMNS, runs));
  if (refused) throw refused;
}
