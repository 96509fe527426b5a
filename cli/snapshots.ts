import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { METRIC_INDEX, METRICS } from '../engine/protocol/index.ts';
import type { RunReader } from '../engine/run/index.ts';
import { withRun } from '../engine/session/runReading.ts';
import { writeSnapshotRun } from '../engine/snapshots/snapshotRun.ts';
import manifest from '../package.json';
import { type LevelFlags, withLevels } from './archiveOptions.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { Output } from './output.ts';
import { type Column, significant, table } from './table.ts';

const HELP = `
Snapshots are checkpoint files, or folders that hold weights, in the order of the numbers in their names. Each but the
first becomes an update of the run: ρ = ‖ΔW‖ / ‖W‖ against its neighbour, drift ‖W − W₀‖ / ‖W₀‖ from the first, by block
and level. The Timeline and hopescope report show it. Values are of all blocks together.

Examples:
  hopescope snapshots checkpoints --out training.hoperun
  hopescope snapshots checkpoints --out training.hoperun --level "**.layers.{block}.mlp.**=cms.0"`;

interface SnapshotFlags {
  readonly out: string;
  readonly level: LevelFlags;
  readonly json: boolean;
}

interface Row {
  readonly snapshot: string;
  readonly level: string;
  readonly delta: number;
  readonly relative: number;
  /** Largest of the blocks. */
  readonly drift: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'snapshot', text: true, cell: row => row.snapshot },
  { title: 'level', text: true, cell: row => row.level },
  { title: '‖ΔW‖', cell: row => significant(row.delta) },
  { title: 'ρ', cell: row => significant(row.relative) },
  { title: 'largest drift', cell: row => significant(row.drift) },
];

export function addSnapshots(program: Command): void {
  const command = program
    .command('snapshots')
    .description('a folder of snapshots of one model as a run (*.hoperun): what each changed, level by level')
    .argument('<folder>', 'folder with two or more checkpoints')
    .requiredOption('--out <run>', 'run file to write')
    .option('--json', 'one JSON object on standard output', false);
  withLevels(command).addHelpText('after', HELP).action(runSnapshots);
}

async function runSnapshots(folder: string, { out, level, json }: SnapshotFlags): Promise<void> {
  const output = new Output(json);
  if (await stat(out).catch(() => undefined)) {
    throw new CheckpointError('exists and is not overwritten', out, 'Choose another file for --out.');
  }
  const signal = abortOnInterrupt();
  const snapshots = await writeSnapshotRun(folder, out, {
    ...{ levels: level, engineVersion: manifest.version, signal },
    onProgress: (done, total) => output.progress(`${done} of ${total} pairs of neighbours`),
  }).catch(error => {
    throw signal.aborted ? new InterruptedError(signal, 'before all snapshots were read') : error;
  });
  const rows = await withRun(out, reader => rowsOf(reader, snapshots));
  await output.result({ out, snapshots, changes: rows }, [
    ...table(COLUMNS, rows),
    '',
    `${snapshots.length} snapshots, written to ${out}`,
  ]);
}

function rowsOf(reader: RunReader, snapshots: readonly string[]): Row[] {
  const { levels, blocks } = reader.header;
  return [...reader.updates()].flatMap(({ index, metrics }) =>
    levels.map(({ id }, level): Row => {
      const of = (block: number, metric: keyof typeof METRIC_INDEX) =>
        metrics[(block * levels.length + level) * METRICS.length + METRIC_INDEX[metric]];
      const known = (metric: keyof typeof METRIC_INDEX) =>
        Array.from({ length: blocks }, (_, block) => of(block, metric)).filter(Number.isFinite);
      const drifts = known('drift');
      const delta = Math.hypot(...known('deltaNorm'));
      return {
        snapshot: snapshots[index + 1],
        level: id,
        delta,
        relative: delta / Math.hypot(...known('weightNorm')),
        drift: drifts.length > 0 ? Math.max(...drifts) : Number.NaN,
      };
    }),
  );
}
