import type { NotificationType, RequestType } from 'vscode-messenger-common';
import type { Forgetting, MeasuredInterference } from './forgetting.ts';
import type { Frame } from './frame.ts';
import type { RunOverview } from './runOverview.ts';
import type { DeltaSpectrum, WriteParts } from './spectrum.ts';
import type { ReportPicture, TimelineRequest, TimelineState, TimelineStep, WhichRun } from './timeline.ts';
import type { ChartExport, ChartFormat } from './webview.ts';

/** View to host: the page runs and wants its state. */
export const TimelineReady: NotificationType<void> = { method: 'timeline/ready' };
/** Host to view, whole at every change. */
export const TimelineStateMessage: NotificationType<TimelineState> = { method: 'timeline/state' };
/** Host to view: a command of VS Code moves the playhead, the selection or the zoom. */
export const TimelineStepMessage: NotificationType<TimelineStep> = { method: 'timeline/step' };
/** Host to view: the playhead goes to the state after this many updates. */
export const TimelineGoTo: NotificationType<{ updates: number }> = { method: 'timeline/goTo' };
export const TimelineRun: NotificationType<TimelineRequest> = { method: 'timeline/command' };
/** View to host: where the playhead stands, for commands that start elsewhere. */
export const TimelinePlace: NotificationType<Omit<TimelineRequest, 'command' | 'path'>> = {
  method: 'timeline/place',
};

/** View to host: what the engine answers to the request of the same name about this page's run. */
export const TimelineOverview: RequestType<
  { run: WhichRun; from: number; to: number; columns: number },
  RunOverview
> = { method: 'timeline/overview' };
export const TimelineUpdates: RequestType<{ run: WhichRun; first: number; count: number }, Frame> = {
  method: 'timeline/updates',
};
export const TimelineTokens: RequestType<
  { run: WhichRun; first: number; count: number },
  { first: number; texts: string[] }
> = { method: 'timeline/tokens' };
export const TimelineSpectrum: RequestType<
  { from: number; to: number; level: string; block: number },
  DeltaSpectrum
> = { method: 'timeline/spectrum' };
export const TimelineParts: RequestType<{ update: number; level: string; block: number }, WriteParts> = {
  method: 'timeline/parts',
};
/** View to host: forgetting among the run's probes, and what a stretch of updates did to them. */
export const TimelineForgetting: RequestType<void, Forgetting> = { method: 'timeline/forgetting' };
export const TimelineInterference: RequestType<{ from: number; to: number }, MeasuredInterference> = {
  method: 'timeline/interference',
};

/** Host to view: the charts as they stand. */
export const TimelineExport: RequestType<ChartFormat, ChartExport> = { method: 'timeline/export' };
/** Host to view: every chart of the whole run as a file of its own. */
export const TimelineReport: RequestType<void, ReportPicture[]> = { method: 'timeline/report' };
