import { ProgressType, RequestType } from 'vscode-jsonrpc';
import type { ArchiveInfo } from './archive.ts';
import type {
  HeatMap,
  Histogram,
  SliceChoice,
  SliceSpectrum,
  TensorChangeRow,
  TensorMeasure,
  TensorStatistics,
  Unmatched,
} from './inspection.ts';
import type { EngineErrorData } from './requests.ts';

/** Which tensor of an open checkpoint, and of which other one it is the change to. */
export interface TensorRequest {
  readonly id: number;
  readonly name: string;
  /** A second open checkpoint that holds the tensor too. */
  readonly other?: number;
  /** Whether that one is the base: the change is then from it to this one. */
  readonly base?: boolean;
  readonly choice?: SliceChoice;
}

/** A tensor, or in `delta` the change to another checkpoint, in numbers and pictures. */
export interface TensorView {
  readonly name: string;
  readonly choice: SliceChoice;
  readonly weight: TensorPicture;
  /** Against the other checkpoint: W there less W here, or of a base W here less W there. */
  readonly delta?: TensorPicture;
}

export interface TensorPicture {
  readonly statistics: TensorStatistics;
  /** Absent where no value is finite. */
  readonly histogram?: Histogram;
  readonly heat: HeatMap;
}

export interface SpectrumView {
  readonly weight: SliceSpectrum;
  readonly delta?: SliceSpectrum;
  /** Left singular directions of the changed matrix among its first ten that it did not have before. */
  readonly intruders?: number;
}

export interface CompareResult {
  /** Rows whose progress was not told yet come here again: all of them. */
  readonly rows: readonly TensorChangeRow[];
  readonly unmatched: Unmatched;
}

export interface CompareProgress {
  readonly rows: readonly TensorChangeRow[];
  readonly done: number;
  readonly total: number;
}

/** Opens a checkpoint, with levels by patterns of names; only headers are read. */
export const OpenArchive = new RequestType<
  { path: string; levels: Readonly<Record<string, string>> },
  { id: number; info: ArchiveInfo },
  EngineErrorData
>('archive/open');
export const CloseArchive = new RequestType<{ id: number }, null, EngineErrorData>('archive/close');
/** Statistics, histogram and heat map; of a large tensor a sample unless `whole` is asked for. */
export const InspectTensor = new RequestType<
  TensorRequest & { whole: boolean; down: number; across: number },
  TensorView,
  EngineErrorData
>('archive/tensor');
export const InspectSpectrum = new RequestType<TensorRequest, SpectrumView, EngineErrorData>(
  'archive/spectrum',
);
/**
 * Every tensor against another checkpoint, or against its `base`, under the names that it has here; rows are told by
 * `CompareProgressType` as they come.
 */
export const CompareArchives = new RequestType<
  { id: number; other: number; base?: boolean; token: string },
  CompareResult,
  EngineErrorData
>('archive/compare');
/** Norm and values that are not finite of some tensors; rows are told by `MeasureProgressType` as they come. */
export const MeasureTensors = new RequestType<
  { id: number; names: readonly string[]; token: string },
  { rows: readonly TensorMeasure[] },
  EngineErrorData
>('archive/measure');
export const MeasureProgressType = new ProgressType<{ rows: readonly TensorMeasure[]; done: number }>();
export const CompareProgressType = new ProgressType<CompareProgress>();
/** Writes a run of the snapshots in a folder, and names them; pairs are told by `SnapshotProgressType`. */
export const WriteSnapshotRun = new RequestType<
  {
    folder: string;
    target: string;
    levels: Readonly<Record<string, string>>;
    engineVersion: string;
    token: string;
  },
  { snapshots: readonly string[] },
  EngineErrorData
>('snapshots/write');
export const SnapshotProgressType = new ProgressType<{ done: number; total: number }>();
