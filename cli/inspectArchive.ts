import { type Archive, elementsOf, type StoredTensor } from '../engine/archive/archive.ts';
import { describeArchive } from '../engine/archive/describeArchive.ts';
import { isReadable } from '../engine/archive/dtype.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { defaultChoice, readSlice } from '../engine/inspection/slice.ts';
import { SPECTRUM_SIZE, sliceSpectrum } from '../engine/inspection/sliceSpectrum.ts';
import { statisticsOf } from '../engine/inspection/statistics.ts';
import type { ArchiveInfo, ArchiveTensor } from '../engine/protocol/archive.ts';
import type { TensorStatistics } from '../engine/protocol/inspection.ts';
import { type LevelFlags, withArchives } from './archiveOptions.ts';
import { bytesText, shapeText, treeLines } from './archiveTree.ts';
import type { Output } from './output.ts';
import { significant, table } from './table.ts';

export interface InspectArchiveFlags {
  readonly level: LevelFlags;
  /** Reads every tensor for its norm and what is not finite. */
  readonly stats: boolean;
  /** One tensor in full. */
  readonly tensor?: string;
}

/** `hopescope inspect CHECKPOINT` */
export function inspectArchive(path: string, flags: InspectArchiveFlags, output: Output): Promise<void> {
  return withArchives([path], async ([archive]) => {
    const info = describeArchive(archive, flags.level);
    if (flags.tensor !== undefined) return inspectTensor(archive, info, flags.tensor, output);
    const numbers = flags.stats ? await allStatistics(archive, info, output) : new Map();
    const tensors = info.tensors.map(tensor => ({ ...tensor, ...numbers.get(tensor.name) }));
    await output.result({ ...info, tensors }, [
      ...summary(info),
      '',
      ...treeLines(info.tensors, ({ name }) => statisticsText(numbers.get(name))),
    ]);
  });
}

function summary(info: ArchiveInfo): string[] {
  const { path, format, family, parameters, bytes, tensors, levels, metadata, notes } = info;
  const sizes = levels.map(({ id, period }) => {
    const own = tensors.filter(({ level, sameAs }) => level === id && sameAs === undefined);
    return { id, period, tensors: own.length, parameters: own.reduce((sum, t) => sum + elementsOf(t), 0) };
  });
  return [
    `${path}: ${format}, names of ${family === 'unknown' ? 'no known family' : family}`,
    `${tensors.length} tensors, ${parameters} parameters, ${bytesText(bytes)}`,
    ...Object.entries(metadata)
      .filter(([key]) => !key.startsWith('hopescope.') && !key.startsWith('optimizer.'))
      .slice(0, 20)
      .map(([key, value]) => `${key}: ${value.length > 100 ? `${value.slice(0, 100)}…` : value}`),
    ...notes.map(note => `Note: ${note}`),
    '',
    ...table(
      [
        { title: 'level', text: true, cell: level => level.id },
        { title: 'period (tokens)', cell: ({ period }) => (period ? String(period) : '–') },
        { title: 'tensors', cell: level => String(level.tensors) },
        { title: 'parameters', cell: level => String(level.parameters) },
      ],
      sizes,
    ),
  ];
}

async function allStatistics(
  archive: Archive,
  { tensors, bytes }: ArchiveInfo,
  output: Output,
): Promise<Map<string, TensorStatistics>> {
  const found = new Map<string, TensorStatistics>();
  let done = 0;
  for (const tensor of tensors) {
    if (!isReadable(tensor.dtype)) continue;
    found.set(tensor.name, await statisticsOf(archive, archive.tensors.get(tensor.name)!));
    done += tensor.bytes;
    output.progress(`${bytesText(done)} of ${bytesText(bytes)}`);
  }
  return found;
}

function statisticsText(numbers: TensorStatistics | undefined): string {
  if (!numbers) return '';
  const broken = numbers.nan + numbers.infinite;
  return `  ‖W‖ ${significant(numbers.norm)}${broken ? `  ${numbers.nan} NaN, ${numbers.infinite} Inf` : ''}`;
}

async function inspectTensor(
  archive: Archive,
  info: ArchiveInfo,
  name: string,
  output: Output,
): Promise<void> {
  const stored = archive.tensors.get(name);
  const tensor = info.tensors.find(tensor => tensor.name === name);
  if (!stored || !tensor) {
    throw new CheckpointError(
      `has no tensor ${JSON.stringify(name)}`,
      archive.path,
      'Names are those that inspect prints with --json.',
    );
  }
  const statistics = await statisticsOf(archive, stored);
  const spectrum = await spectrumOf(archive, stored);
  await output.result({ ...tensor, statistics, spectrum }, [
    ...tensorLines(tensor, statistics),
    ...(spectrum
      ? [
          `σ of ${spectrum.rows} × ${spectrum.columns}, ${spectrum.method}: ${spectrum.values.slice(0, 8).map(significant).join(' ')}`,
          `effective rank ${spectrum.effectiveRank === undefined ? 'not known' : significant(spectrum.effectiveRank)} of ${spectrum.of}, stable rank ${significant(spectrum.stableRank)}`,
        ]
      : []),
  ]);
}

async function spectrumOf(archive: Archive, tensor: StoredTensor) {
  if (tensor.shape.length < 2 || elementsOf(tensor) === 0) return undefined;
  const slice = await readSlice(archive, tensor, defaultChoice(tensor.shape), undefined, SPECTRUM_SIZE);
  // What has no spectrum still has statistics.
  const found = await sliceSpectrum(slice).catch(() => undefined);
  return found && { ...found, values: Array.from(found.values) };
}

function tensorLines(tensor: ArchiveTensor, numbers: TensorStatistics): string[] {
  const where = tensor.level === undefined ? 'no level' : `level ${tensor.level}`;
  return [
    `${tensor.name}: ${shapeText(tensor.shape)}, ${tensor.dtype}, ${bytesText(tensor.bytes)}, ${where}`,
    `bytes ${tensor.begin} to ${tensor.end} of ${tensor.file}`,
    `‖W‖ ${significant(numbers.norm)}, mean ${significant(numbers.mean)}, deviation ${significant(numbers.deviation)}`,
    `min ${significant(numbers.min)}, max ${significant(numbers.max)}, zeros ${numbers.zeros}`,
    `NaN ${numbers.nan}, Inf ${numbers.infinite} of ${numbers.total} values`,
  ];
}
