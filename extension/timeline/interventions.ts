import * as vscode from 'vscode';
import { type BranchChange, ownLevels, type RunInfo } from '../../engine/protocol/index.ts';
import { changeText } from '../../report/runWords.ts';
import { EngineFailure } from '../engine/engineFailure.ts';
import { runsFolder, runUri } from '../runs/runsFolder.ts';
import { grouped } from '../training/figures.ts';
import { newRunId } from '../training/newRun.ts';
import { progressText } from '../training/resultText.ts';
import { fromQuestion, numberQuestion } from './changeQuestions.ts';
import { offerModel } from './restoreUpdate.ts';
import type { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';
import type { Timelines } from './timelines.ts';

export type Intervention = 'freeze' | 'rate' | 'revert' | 'scale' | 'truncate' | 'damp' | 'again';

const CHOICES: readonly (vscode.QuickPickItem & { readonly kind_: Intervention })[] = [
  {
    kind_: 'freeze',
    label: 'Freeze a level',
    detail: 'The rest of the text, this level not updated any more',
  },
  {
    kind_: 'rate',
    label: 'Another learning rate',
    detail: 'The rest of the text, one level at another rate',
  },
  { kind_: 'again', label: 'The rest of the text again', detail: 'With the rates as they were' },
  { kind_: 'revert', label: 'Revert a level', detail: 'Its weights as they were after an earlier update' },
  {
    kind_: 'scale',
    label: 'Scale a level’s change',
    detail: 'Its change since an earlier update, times a factor',
  },
  {
    kind_: 'truncate',
    label: 'Truncate a level’s change',
    detail: 'Its change cut to its largest singular values',
  },
  {
    kind_: 'damp',
    label: 'Damp intruder dimensions',
    detail: 'Directions among the first that the weights did not have before',
  },
];

/** A branch from the playhead: asks what is to be different, has it trained, and opens it. */
export async function branchHere(
  services: TimelineServices,
  timelines: Timelines,
  page: TimelinePage,
  wanted?: Intervention,
): Promise<void> {
  const { run, place } = page;
  if (!run) return;
  if (run.unavailable) return offerModel(run.unavailable);
  if (page.live) {
    await vscode.window.showWarningMessage(
      'A training is writing this run. Branch from it when it has ended.',
    );
    return;
  }
  const { updates } = place;
  const kind =
    wanted ??
    (
      await vscode.window.showQuickPick(CHOICES, {
        title: `Branch after Update ${grouped(updates)}`,
        placeHolder: 'What is to be different',
      })
    )?.kind_;
  if (!kind) return;
  const level = kind === 'again' ? '' : await levelOf(run, place.level, wanted !== undefined);
  if (level === undefined) return;
  const change = await changeOf(kind, level, updates, run);
  if (change) await branch(services, timelines, run, updates, change);
}

/** The level that the page names, else the user's choice. */
async function levelOf(run: RunInfo, level: string | undefined, given: boolean): Promise<string | undefined> {
  const levels = ownLevels(run.levels);
  const known = levels.some(({ id }) => id === level);
  if (given && known) return level;
  const items = levels.map(({ id, period }) => ({
    label: id as string,
    description: `every ${period} tokens`,
  }));
  // The level that is selected in the page comes first.
  items.sort((a, b) => Number(b.label === level) - Number(a.label === level));
  return (await vscode.window.showQuickPick(items, { title: 'Branch', placeHolder: 'Which level' }))?.label;
}

async function changeOf(
  kind: Intervention,
  level: string,
  updates: number,
  run: RunInfo,
): Promise<BranchChange | undefined> {
  switch (kind) {
    case 'again':
      return { kind: 'replay', learningRates: {} };
    case 'freeze':
      return { kind: 'replay', learningRates: { [level]: 0 } };
    case 'rate': {
      const now = run.options.learningRates[level];
      const rate = await numberQuestion(
        `Learning Rate of ${level}`,
        'From 0 to 100',
        String(now ?? 1),
        n => n >= 0 && n <= 100,
      );
      return rate === undefined ? undefined : { kind: 'replay', learningRates: { [level]: rate } };
    }
    case 'revert': {
      const from = await fromQuestion(`Revert ${level}`, updates);
      return from === undefined ? undefined : { kind: 'revert', level, from };
    }
    case 'scale': {
      const from = await fromQuestion(`Scale ${level}`, updates);
      if (from === undefined) return undefined;
      const factor = await numberQuestion(
        `Scale ${level}`,
        'Factor of the change: 0 takes it back, 1 leaves it alone',
        '0.5',
        n => Math.abs(n) <= 100,
      );
      return factor === undefined ? undefined : { kind: 'scale', level, from, factor };
    }
    case 'truncate': {
      const from = await fromQuestion(`Truncate ${level}`, updates);
      if (from === undefined) return undefined;
      const rank = await numberQuestion(
        `Truncate ${level}`,
        'Rank of the change that stays',
        '4',
        n => Number.isSafeInteger(n) && n >= 1,
      );
      return rank === undefined ? undefined : { kind: 'truncate', level, from, rank };
    }
    case 'damp': {
      const from = await fromQuestion(`Damp ${level}`, updates);
      if (from === undefined) return undefined;
      const factor = await numberQuestion(
        `Damp ${level}`,
        'Factor of the intruder dimensions: 0 removes them',
        '0',
        n => n >= 0 && n <= 1,
      );
      // The similarity below which a direction counts as new, as in the paper.
      return factor === undefined ? undefined : { kind: 'damp', level, from, epsilon: 0.6, factor };
    }
  }
}

async function branch(
  { engine, catalog, context, log }: TimelineServices,
  timelines: Timelines,
  run: RunInfo,
  updates: number,
  change: BranchChange,
): Promise<void> {
  const id = newRunId();
  await vscode.workspace.fs.createDirectory(runsFolder(context));
  const runPath = runUri(context, id).fsPath;
  const title = `${run.title}: ${changeText(change)}`;
  await timelines.quiet();
  try {
    const made = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Branch: ${changeText(change)}`,
        cancellable: true,
      },
      (progress, token) =>
        engine.branch(
          { path: run.path, updates, change, runId: id, runPath, title },
          now => progress.report({ message: progressText(now) }),
          token,
        ),
    );
    timelines.markRestored({ path: made.path, updates: made.updates });
    await timelines.open(made.path);
  } catch (error) {
    if (!(error instanceof EngineFailure && error.code === 'cancelled')) throw error;
    log.info('Branch: cancelled');
    await vscode.window.showInformationMessage(
      'The branch was stopped. What it has recorded is in the Runs view.',
    );
  } finally {
    catalog.refresh();
  }
}
