import type { NotificationType, RequestType } from 'vscode-messenger-common';
import type { ArchiveInfo } from './archive.ts';
import type { SliceChoice, TensorChangeRow, TensorMeasure, Unmatched } from './inspection.ts';
import type { SpectrumView, TensorView } from './inspectorRequests.ts';
import type { ChartExport, ChartFormat } from './webview.ts';

/** What the page of a checkpoint shows. */
export interface CheckpointState {
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly info?: ArchiveInfo;
  readonly failure?: string;
  /** The checkpoint that it is compared with. */
  readonly comparison?: {
    readonly path: string;
    /** Whether that one is the base, from which this one was trained. */
    readonly base?: boolean;
    readonly phase: 'comparing' | 'ready' | 'failed';
    readonly failure?: string;
    readonly rows: readonly TensorChangeRow[];
    readonly done: number;
    readonly total: number;
    readonly unmatched?: Unmatched;
  };
  /** What tensors were measured on demand, and how far the measuring is that goes on. */
  readonly measured?: {
    readonly phase: 'measuring' | 'ready';
    readonly rows: readonly TensorMeasure[];
    readonly done: number;
    readonly total: number;
  };
}

/** What a copied text is. */
export const COPIES = ['name', 'pytorch', 'numpy'] as const;
export type CopyKind = (typeof COPIES)[number];

/** Commands that the page may ask for. */
export const CHECKPOINT_COMMANDS = [
  'compare',
  'compareBase',
  'endComparison',
  'endMeasuring',
  'export',
  'retry',
  'showLog',
] as const;
export type CheckpointCommand = (typeof CHECKPOINT_COMMANDS)[number];

/** View to host: the page runs and wants its state. */
export const CheckpointReady: NotificationType<void> = { method: 'checkpoint/ready' };
/** Host to view, whole at every change. */
export const CheckpointStateMessage: NotificationType<CheckpointState> = { method: 'checkpoint/state' };
export const CheckpointRun: NotificationType<{ command: CheckpointCommand }> = {
  method: 'checkpoint/command',
};
export const CheckpointCopy: NotificationType<{ name: string; kind: CopyKind; choice?: SliceChoice }> = {
  method: 'checkpoint/copy',
};

/** View to host: these tensors' norm and values that are not finite; the measuring before it ends. */
export const CheckpointMeasure: NotificationType<{ names: readonly string[] }> = {
  method: 'checkpoint/measure',
};
/** View to host: a tensor in numbers and pictures. The request before it ends without an answer. */
export const CheckpointTensor: RequestType<
  { name: string; choice?: SliceChoice; whole: boolean; down: number; across: number },
  TensorView
> = { method: 'checkpoint/tensor' };
export const CheckpointSpectrum: RequestType<{ name: string; choice?: SliceChoice }, SpectrumView> = {
  method: 'checkpoint/spectrum',
};
/** Host to view: the charts of the selected tensor as they stand. */
export const CheckpointExport: RequestType<ChartFormat, ChartExport> = { method: 'checkpoint/export' };
