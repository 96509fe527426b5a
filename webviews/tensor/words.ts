import type {
  ArchiveTensor,
  SliceSpectrum,
  TensorMeasure,
  TensorStatistics,
} from '../../engine/protocol/index.ts';
import { count, fixed, grouped, scientific, significant } from '../ui/format.ts';
import type { TreeNode } from './tree.ts';

/** `256 × 1 024` */
export function shapeText(shape: readonly number[]): string {
  return shape.length ? shape.map(grouped).join(' × ') : 'scalar';
}

/** Bytes with a binary unit. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** A count of parameters with two digits: `12.6 M`. */
export function amount(n: number): string {
  const units = ['', ' K', ' M', ' G', ' T'];
  let [value, unit] = [n, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toPrecision(3)}${units[unit]}`;
}

/** What a row says beside its name. */
export function rowDetail({ tensor, kind, parameters, bytes }: TreeNode): string {
  if (tensor) {
    const tied = tensor.sameAs === undefined ? '' : `, = ${tensor.sameAs}`;
    return `${shapeText(tensor.shape)} ${tensor.dtype.toLowerCase()}${tied}`;
  }
  if (kind === 'level') return '';
  return parameters ? `${amount(parameters)}, ${bytesText(bytes)}` : bytesText(bytes);
}

type Measure = Omit<TensorMeasure, 'name'>;

/** `‖W‖ 12.35`, with what is not finite. */
export function measureText({ norm, nan, infinite }: Measure): string {
  const bad = [...(nan ? [`${grouped(nan)} NaN`] : []), ...(infinite ? [`${grouped(infinite)} ∞`] : [])];
  return [`‖W‖ ${significant(norm)}`, ...bad].join(', ');
}

/** The row for a screen reader. */
export function rowSpeech(
  node: TreeNode,
  change: number | undefined,
  note: string,
  measure?: Measure,
): string {
  const { tensor, label, kind, tensors, parameters } = node;
  const measured = measure
    ? `, norm ${significant(measure.norm)}, ${count(measure.nan, 'NaN')}, ${measure.infinite} infinite`
    : '';
  const changed = `${change === undefined ? '' : `, relative change ${scientific(change)}`}${measured}`;
  const more = note ? `, ${note}` : '';
  if (!tensor) {
    const what = kind === 'block' ? label : `${kind} ${label}`;
    return `${what}, ${count(tensors, 'tensor')}, ${count(parameters, 'parameter')}${changed}.`;
  }
  const shape = tensor.shape.length ? `shape ${tensor.shape.join(' by ')}` : 'a single number';
  const level = tensor.level === undefined ? '' : ` of level ${tensor.level}`;
  return `tensor ${label}${level}, ${shape}, ${tensor.dtype}, ${bytesText(tensor.bytes)}${changed}${more}.`;
}

/** `256 × 1 024, F32, 1.00 MiB, bytes 128 to 1 048 704 of model.safetensors` */
export function tensorFacts(tensor: ArchiveTensor): string {
  return [
    shapeText(tensor.shape),
    tensor.dtype,
    bytesText(tensor.bytes),
    tensor.level === undefined ? 'no weight of the model' : `level ${tensor.level}`,
  ].join(', ');
}

export function placeFacts({ begin, end, file, sameAs }: ArchiveTensor): string {
  const tied = sameAs === undefined ? '' : ` Shares its values with ${sameAs}.`;
  return `Bytes ${grouped(begin)} to ${grouped(end)} of ${file}.${tied}`;
}

/** What a sample is, empty where every value was read. */
export function sampleWords({ read, total }: Pick<TensorStatistics, 'read' | 'total'>): string {
  return read < total ? `sample of ${grouped(read)} of ${grouped(total)} values` : '';
}

/** How the singular values were found, and how well. */
export function methodWords({ method, accuracy, values, of }: SliceSpectrum): string {
  const shown = values.length < of ? `the ${values.length} largest of ${grouped(of)}` : `all ${grouped(of)}`;
  const off = accuracy === undefined ? 'an estimate' : `off by at most ${scientific(accuracy)} σ₁`;
  return method === 'exact' ? `${shown}, exact` : `${shown}, by ${method}, ${off}`;
}

export function rankText(spectrum: SliceSpectrum): string {
  const effective =
    spectrum.effectiveRank === undefined ? '' : `effective rank ${fixed(spectrum.effectiveRank, 1)}, `;
  return `${effective}stable rank ${fixed(spectrum.stableRank, 1)} of ${grouped(spectrum.of)}`;
}

/** Text alternative of the statistics. */
export function statisticsSpeech(what: string, s: TensorStatistics): string {
  const sample = sampleWords(s);
  return `${what}: norm ${significant(s.norm)}, from ${significant(s.min)} to ${significant(s.max)}, mean ${significant(s.mean)}, standard deviation ${significant(s.deviation)}, ${count(s.nan, 'NaN')}, ${s.infinite} infinite${sample ? `; ${sample}` : ''}.`;
}
