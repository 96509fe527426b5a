import * as vscode from 'vscode';
import { TIMELINE_STEPS, type TimelineCommand, type TimelineRequest } from '../../engine/protocol/index.ts';
import { failureText } from '../engine/engineFailure.ts';
import { bookmarkUpdate } from './bookmarkUpdate.ts';
import { exportTimeline, saveReport } from './exportTimeline.ts';
import { branchHere, type Intervention } from './interventions.ts';
import { cancelRestore, restoreUpdate } from './restoreUpdate.ts';
import { revealUpdate } from './revealUpdate.ts';
import type { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';
import type { Timelines } from './timelines.ts';

const INTERVENTIONS: Readonly<Partial<Record<TimelineCommand, Intervention>>> = {
  freezeLevel: 'freeze',
  rateLevel: 'rate',
  revertLevel: 'revert',
  scaleLevel: 'scale',
  truncateLevel: 'truncate',
  dampLevel: 'damp',
};

/** Commands of the Timeline: of its page, of the palette, and every key of the page as a command of VS Code. */
export function registerTimelineCommands(
  services: TimelineServices,
  timelines: Timelines,
): vscode.Disposable {
  const onPage: Partial<Record<TimelineCommand, (page: TimelinePage) => unknown>> = {
    retry: page => page.refresh(),
    exportTimeline: page => exportTimeline(services, page),
    restoreUpdate: page => restoreUpdate(services, timelines, page),
    cancelRestore: () => cancelRestore(),
    branchHere: page => branchHere(services, timelines, page),
    bookmarkUpdate: page => bookmarkUpdate(services, page),
    revealUpdate: page => revealUpdate(services, page),
    endComparison: page => page.compare(undefined),
  };
  for (const [name, kind] of Object.entries(INTERVENTIONS)) {
    onPage[name as TimelineCommand] = page => branchHere(services, timelines, page, kind);
  }
  const general: Partial<Record<TimelineCommand, (request: TimelineRequest) => unknown>> = {
    train: () => vscode.commands.executeCommand('hopescope.train'),
    showLog: () => vscode.commands.executeCommand('hopescope.showLog'),
    openRun: ({ path }) => (path === undefined ? openRun(timelines) : timelines.open(path)),
    whichLevel: () => vscode.commands.executeCommand('hopescope.whichLevel'),
    pinProbes: () => vscode.commands.executeCommand('hopescope.probes.pin'),
    probesInterval: () =>
      vscode.commands.executeCommand('workbench.action.openSettings', 'hopescope.probes.interval'),
  };
  timelines.handler = (page, request) =>
    (onPage[request.command] ?? (() => general[request.command]?.(request)))(page);

  const register = (name: string, run: () => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`hopescope.${name}`, async () => {
      try {
        await run();
      } catch (error) {
        await vscode.window.showErrorMessage(failureText(error));
      }
    });
  const withPage = (act: (page: TimelinePage) => unknown) => async () => {
    if (!timelines.active) await timelines.showNewest();
    if (timelines.active?.run) await act(timelines.active);
  };
  const ofPage = ['retry', 'cancelRestore', 'endComparison'];
  const named = Object.entries(onPage).filter(([name]) => !ofPage.includes(name));
  return vscode.Disposable.from(
    register('showTimeline', () => timelines.showNewest()),
    register('openRun', () => openRun(timelines)),
    register(
      'compareRuns',
      withPage(page => timelines.compare(page.path!)),
    ),
    register(
      'runReport',
      withPage(page => saveReport(page)),
    ),
    ...named.map(([name, act]) => register(`timeline.${name}`, withPage(act!))),
    ...TIMELINE_STEPS.map(step => register(`timeline.${step}`, () => timelines.step(step))),
  );
}

/** Asks for a run file. */
async function openRun(timelines: Timelines): Promise<void> {
  const [uri] =
    (await vscode.window.showOpenDialog({ title: 'Open Run', filters: { 'Hopescope run': ['hoperun'] } })) ??
    [];
  if (uri) await timelines.open(uri.fsPath);
}
