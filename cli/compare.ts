import { type Command, InvalidArgumentError } from 'commander';
import type { Archive } from '../engine/archive/archive.ts';
import { type LevelMap, levelMapOf } from '../engine/archive/levelMap.ts';
import { changeSpectra } from '../engine/inspection/changeSpectrum.ts';
import { checkBase, compareTensors, type Third, worstFirst } from '../engine/inspection/compare.ts';
import { pairTensors, type TensorPair } from '../engine/inspection/pairs.ts';
import type { ChangeSpectrum, TensorChangeRow, Unmatched } from '../engine/protocol/inspection.ts';
import { type LevelFlags, withArchives, withLevels } from './archiveOptions.ts';
import { shapeText } from './archiveTree.ts';
import { Output } from './output.ts';
import { type Column, significant, table } from './table.ts';

const HELP = `
Rows are sorted by ρ = ‖ΔW‖ / ‖W‖, the largest first. For the first --spectra of them: effective rank exp(−Σ p ln p) of
the singular values of ΔW, its stable rank, and intruder dimensions, directions among the first ten of W + ΔW that W
did not have (ε = 0.6). cos is the cosine of this change and that from A to --against.

Examples:
  hopescope compare step_000010.pt step_000020.pt
  hopescope compare hope-mini people.hopestate --against places.hopestate --json`;

interface CompareFlags {
  readonly level: LevelFlags;
  readonly against?: string;
  readonly spectra: number;
  readonly json: boolean;
}

interface Row extends TensorChangeRow {
  /** Of its first matrix; the JSON has all. */
  readonly spectrum?: ChangeSpectrum;
}

const ROWS: readonly Column<Row>[] = [
  { title: 'tensor', text: true, cell: row => (row.otherName ? `${row.name} → ${row.otherName}` : row.name) },
  { title: 'level', text: true, cell: row => row.level ?? '–' },
  { title: 'shape', text: true, cell: row => shapeText(row.shape) },
  { title: 'ρ', cell: row => scientific(row.relative) },
  { title: '‖ΔW‖', cell: row => significant(row.delta) },
  { title: '‖W‖', cell: row => significant(row.before) },
  { title: 'not finite', cell: row => String(row.notFinite) },
  { title: 'cos', cell: row => (row.cosine === undefined ? '–' : row.cosine.toFixed(3)) },
  { title: 'effective rank', cell: ({ spectrum }) => rankText(spectrum?.effectiveRank) },
  { title: 'stable rank', cell: ({ spectrum }) => rankText(spectrum?.stableRank) },
  { title: 'intruders', cell: ({ spectrum }) => String(spectrum?.intruders ?? '–') },
];

export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('what changed between two checkpoints, tensor by tensor')
    .argument('<a>', 'checkpoint before')
    .argument('<b>', 'checkpoint after, or a fast state of A')
    .option('--against <c>', 'a third one: cosine of the changes from A to B and from A to C')
    .option('--spectra <count>', 'tensors to take singular values of, from the most changed on', count, 10)
    .option('--json', 'one JSON object on standard output', false);
  withLevels(command).addHelpText('after', HELP).action(runCompare);
}

async function runCompare(a: string, b: string, flags: CompareFlags): Promise<void> {
  const output = new Output(flags.json);
  const paths = flags.against === undefined ? [a, b] : [a, b, flags.against];
  await withArchives(paths, async ([before, after, against]) => {
    await checkBase(before, after);
    if (against) await checkBase(before, against);
    const map = levelMapOf(before, flags.level);
    const { pairs, unmatched } = await pairTensors(before, after);
    const third = against && (await thirdOf(before, against));
    const rows = await compareAll([before, after], pairs, map, third, output);
    const spectra = new Map<string, ChangeSpectrum[]>();
    for (const { name, delta } of rows.slice(0, flags.spectra)) {
      if (delta === 0) break;
      const pair = pairs.find(({ before }) => before.name === name)!;
      spectra.set(name, await changeSpectra(before, after, pair));
      output.progress(`singular values of ${name}`);
    }
    const json = rows.map(row => ({ ...row, spectra: (spectra.get(row.name) ?? []).map(plain) }));
    const shown = rows.map((row): Row => ({ ...row, spectrum: spectra.get(row.name)?.[0] }));
    await output.result(
      { a: before.path, b: after.path, against: against?.path, tensors: json, ...unmatched },
      [...table(ROWS, shown), ...unmatchedLines(unmatched)],
    );
  });
}

async function compareAll(
  archives: readonly [Archive, Archive],
  pairs: readonly TensorPair[],
  map: LevelMap,
  third: Third | undefined,
  output: Output,
): Promise<TensorChangeRow[]> {
  const rows: TensorChangeRow[] = [];
  for await (const row of compareTensors(archives, pairs, map, { third })) {
    rows.push(row);
    output.progress(`${rows.length} of ${pairs.length} tensors`);
  }
  return worstFirst(rows);
}

async function thirdOf(before: Archive, archive: Archive): Promise<Third> {
  const { pairs } = await pairTensors(before, archive);
  const partners = new Map(pairs.map(pair => [pair.before.name, pair.after]));
  return { archive, tensor: pair => partners.get(pair.before.name) };
}

function unmatchedLines({ missing, added, reshaped }: Unmatched): string[] {
  const list = (title: string, lines: readonly string[]) =>
    lines.length ? ['', title, ...lines.map(line => `  ${line}`)] : [];
  return [
    ...list('Only in A:', missing),
    ...list('Only in B:', added),
    ...list(
      'Of another shape:',
      reshaped.map(({ name, before, after }) => `${name}  ${shapeText(before)} → ${shapeText(after)}`),
    ),
  ];
}

function plain(spectrum: ChangeSpectrum) {
  return { ...spectrum, values: Array.from(spectrum.values) };
}

function scientific(value: number): string {
  return value === 0 ? '0' : Number.isFinite(value) ? value.toExponential(1) : '∞';
}

function rankText(rank: number | undefined): string {
  return rank === undefined ? '–' : rank.toFixed(1);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('It must be a whole number from 0 on.');
  }
  return value;
}
