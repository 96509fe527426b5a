import { type Archive, elementsOf, type StoredTensor } from '../archive/archive.ts';
import type { Values } from '../archive/dtype.ts';
import { valuesOf } from '../archive/values.ts';
import { intruders } from '../introspect/lowRank.ts';
import type { Histogram, SliceChoice, TensorStatistics } from '../protocol/inspection.ts';
import type { SpectrumView, TensorPicture, TensorView } from '../protocol/inspectorRequests.ts';
import { heatMap } from './heatMap.ts';
import { histogram } from './histogram.ts';
import { type Sample, sampleOf } from './sample.ts';
import { defaultChoice, readSlice, type Slice } from './slice.ts';
import { SPECTRUM_SIZE, sliceSpectrum } from './sliceSpectrum.ts';
import { Statistics, statisticsOf } from './statistics.ts';

/** Where a tensor is read. */
export interface Source {
  readonly archive: Archive;
  readonly tensor: StoredTensor;
}

export interface ViewOptions {
  readonly choice?: SliceChoice;
  /** Whether the change is from the other one to this one. */
  readonly base?: boolean;
  /** Statistics of every value, however many there are. */
  readonly whole?: boolean;
  /** Cells of the heat map. */
  readonly down: number;
  readonly across: number;
  readonly signal?: AbortSignal;
}

// Largest shorter side of which all singular vectors are compared.
const largestIntruders = 512;

/** A tensor in numbers and pictures, and where `other` is given also what differs there. */
export async function tensorView(
  { archive, tensor }: Source,
  other: Source | undefined,
  { choice = defaultChoice(tensor.shape), base = false, whole = false, down, across, signal }: ViewOptions,
): Promise<TensorView> {
  const slice = await readSlice(archive, tensor, choice, signal);
  const heat = heatMap(slice, down, across);
  const sample = await sampleOf(archive, tensor, signal);
  const source = { archive, tensor };
  const all = whole && sample.total > sample.values.length;
  const numbers = all ? await statisticsOf(archive, tensor, signal) : ofSample(sample);
  const weight = await picture(numbers, all ? piecesOf(source, signal) : [sample.values], heat);
  if (!other) return { name: tensor.name, choice, weight };
  const otherSlice = await readSlice(other.archive, other.tensor, choice, signal);
  const otherSample = await sampleOf(other.archive, other.tensor, signal);
  const change = difference(...inTime(sample.values, otherSample.values, base));
  const changes = () => changesOf(...inTime(source, other, base), signal);
  const ofChange = all
    ? await statisticsOfPieces(changes())
    : ofSample({ values: change, total: sample.total });
  const heatOfChange = heatMap(minus(...inTime(slice, otherSlice, base)), down, across);
  const delta = await picture(ofChange, all ? changes() : [change], heatOfChange);
  return { name: tensor.name, choice, weight, delta };
}

/** Singular values of a slice, and of what differs in another checkpoint. @throws RangeError where there are none */
export async function spectrumView(
  { archive, tensor }: Source,
  other: Source | undefined,
  {
    choice = defaultChoice(tensor.shape),
    base = false,
    signal,
  }: Pick<ViewOptions, 'choice' | 'base' | 'signal'>,
): Promise<SpectrumView> {
  if (tensor.shape.length < 2) throw new RangeError('a vector has no singular values');
  if (elementsOf(tensor) === 0) throw new RangeError('a tensor without values has no singular values');
  const slice = await readSlice(archive, tensor, choice, signal, SPECTRUM_SIZE);
  const weight = await sliceSpectrum(slice, signal);
  if (!other) return { weight };
  const otherSlice = await readSlice(other.archive, other.tensor, choice, signal, SPECTRUM_SIZE);
  const [before, after] = inTime(slice, otherSlice, base);
  const delta = await sliceSpectrum(minus(before, after), signal);
  const small = slice.whole && Math.min(slice.height, slice.width) <= largestIntruders;
  const found = small && delta.norm > 0 ? intruders(dense(before), dense(after)).indices.length : undefined;
  return { weight, delta, ...(found === undefined ? {} : { intruders: found }) };
}

/** @param pieces the values once more, for the histogram, whose ends are known only now */
async function picture(
  statistics: TensorStatistics,
  pieces: AsyncIterable<Values> | Iterable<Values>,
  heat: TensorPicture['heat'],
): Promise<TensorPicture> {
  const { min, max } = statistics;
  if (!Number.isFinite(min)) return { statistics, heat };
  let counted: Histogram | undefined;
  for await (const values of pieces) counted = histogram(values, min, max, undefined, counted?.counts);
  return { statistics, histogram: counted, heat };
}

async function* piecesOf({ archive, tensor }: Source, signal?: AbortSignal): AsyncGenerator<Values> {
  for await (const { values } of valuesOf(archive, tensor, signal)) yield values;
}

function ofSample({ values, total }: Sample): TensorStatistics {
  const statistics = new Statistics();
  statistics.add(values);
  return statistics.result(total);
}

async function statisticsOfPieces(pieces: AsyncIterable<Values>): Promise<TensorStatistics> {
  const sum = new Statistics();
  for await (const values of pieces) sum.add(values);
  return sum.result();
}

async function* changesOf(from: Source, to: Source, signal?: AbortSignal): AsyncGenerator<Values> {
  const second = valuesOf(to.archive, to.tensor, signal);
  for await (const { values } of valuesOf(from.archive, from.tensor, signal)) {
    const { value } = await second.next();
    if (value) yield difference(values, value.values);
  }
}

function difference(before: Values, after: Values): Float64Array {
  return Float64Array.from(after, (value, i) => value - before[i]);
}

/** What was before, and what came after it. */
function inTime<T>(here: T, there: T, base: boolean): [before: T, after: T] {
  return base ? [there, here] : [here, there];
}

function minus(before: Slice, after: Slice): Slice {
  return { ...after, data: after.data.map((value, i) => value - before.data[i]) };
}

function dense({ height, width, data }: Slice) {
  return { rows: height, columns: width, data: Float32Array.from(data) };
}
