import * as vscode from 'vscode';
import { registerTimelineCommands } from './timelineCommands.ts';
import type { TimelineServices } from './timelineServices.ts';
import { Timelines } from './timelines.ts';

/** The Timeline editor and its commands. */
export function registerTimeline(services: TimelineServices): {
  timelines: Timelines;
  disposable: vscode.Disposable;
} {
  const timelines = new Timelines(services);
  return {
    timelines,
    disposable: vscode.Disposable.from(timelines, registerTimelineCommands(services, timelines)),
  };
}
