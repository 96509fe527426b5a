import { HOST_EXTENSION } from 'vscode-messenger-common';
import type { Messenger } from 'vscode-messenger-webview';
import {
  type ChartExport,
  type ChartFormat,
  type ReportPicture,
  TIMELINE_STEPS,
  type TimelineRequest,
} from '../../engine/protocol/index.ts';
import {
  TimelineExport,
  TimelineGoTo,
  TimelinePlace,
  TimelineReady,
  TimelineReport,
  TimelineRun,
  TimelineStateMessage,
  TimelineStepMessage,
} from '../../engine/protocol/timelineMessages.ts';
import type { Action } from './state.ts';

/** What the host's messages do to the view. */
export interface Receiver {
  dispatch(action: Action): void;
  export(format: ChartFormat): Promise<ChartExport>;
  report(): Promise<ReportPicture[]>;
}

export interface HostLine {
  command(request: TimelineRequest): void;
  place(place: Omit<TimelineRequest, 'command' | 'path'>): void;
}

/** Listens to the host and tells it that the view is ready. Returns what tells it more. */
export function connect(messenger: Messenger, receiver: Receiver): HostLine {
  messenger.onNotification(TimelineStateMessage, state => receiver.dispatch({ type: 'host', state }));
  messenger.onNotification(TimelineStepMessage, step => {
    if (TIMELINE_STEPS.includes(step)) receiver.dispatch({ type: 'step', step });
  });
  messenger.onNotification(TimelineGoTo, ({ updates }) => receiver.dispatch({ type: 'goTo', updates }));
  messenger.onRequest(TimelineExport, format => receiver.export(format));
  messenger.onRequest(TimelineReport, () => receiver.report());
  messenger.start();
  messenger.sendNotification(TimelineReady, HOST_EXTENSION);
  return {
    command: request => messenger.sendNotification(TimelineRun, HOST_EXTENSION, request),
    place: place => messenger.sendNotification(TimelinePlace, HOST_EXTENSION, place),
  };
}
