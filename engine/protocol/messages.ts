import type { NotificationType, RequestType } from 'vscode-messenger-common';
import type { Frame } from './frame.ts';
import type { ChartExport, ChartFormat, LevelsCommand, LevelsReset, LevelsState } from './webview.ts';

/** View to host: the page runs and wants the backlog. */
export const LevelsReady: NotificationType<void> = { method: 'levels/ready' };
/** Host to view. */
export const LevelsResetMessage: NotificationType<LevelsReset> = { method: 'levels/reset' };
export const LevelsStateMessage: NotificationType<LevelsState> = { method: 'levels/state' };
/** Host to view: new updates; the next frame is sent after the answer. */
export const LevelsFrame: RequestType<Frame, void> = { method: 'levels/frame' };
export const LevelsRun: NotificationType<LevelsCommand> = { method: 'levels/command' };
/** Host to view: the chart as it stands. */
export const LevelsExport: RequestType<ChartFormat, ChartExport> = { method: 'levels/export' };
