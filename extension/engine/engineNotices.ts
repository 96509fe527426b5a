import * as vscode from 'vscode';
import type { Trainer } from '../training/trainer.ts';
import type { EngineReturn } from './engineEvents.ts';
import type { EngineHost } from './engineHost.ts';
import { returnText } from './returnText.ts';

/**
 * Tells the user when the engine ended by itself and what came back. A training that was lost with a backend goes on
 * by itself on the one in its place; any other can be gone on with or repeated.
 */
export function registerEngineNotices(
  engine: EngineHost,
  log: vscode.LogOutputChannel,
  trainer: Trainer,
): vscode.Disposable {
  const returned = async (end: EngineReturn) => {
    const showLog = 'Show Log';
    const goOn = 'Continue Training';
    const again = 'Train Again';
    const restart = 'Restart Engine';
    const lost = trainer.lostUpdates;
    const whole = end.restored !== undefined && end.restored.problem === undefined && !trainer.busy;
    const canGoOn = whole && lost !== undefined && lost > 0;
    const goesOn = canGoOn && end.dropped !== undefined;
    if (goesOn) void trainer.continue();
    const offers = [...(canGoOn ? [goOn] : []), ...(lost === undefined ? [] : [again])];
    const text = returnText(end);
    const choice = end.restored
      ? await (goesOn
          ? vscode.window.showWarningMessage(`${text} The training goes on from there.`, showLog)
          : vscode.window.showWarningMessage(text, ...offers, showLog))
      : await vscode.window.showErrorMessage(text, restart, showLog);
    if (choice === showLog) log.show();
    else if (choice === goOn) await trainer.continue();
    else if (choice === again) await trainer.again();
    else if (choice === restart) await vscode.commands.executeCommand('hopescope.restartEngine');
  };
  return vscode.Disposable.from(
    engine.onDidReturn(returned),
    engine.onDidStop(cause => showReturning(engine, cause)),
  );
}

/** Recomputing a long run takes its time: until the engine is back, a progress says what is going on. */
function showReturning(engine: EngineHost, cause: string): void {
  const title = `The Hopescope engine stopped (${cause}). Restarting it and recovering the memory`;
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title },
    () =>
      new Promise<void>(resolve => {
        const listener = engine.onDidReturn(() => {
          listener.dispose();
          resolve();
        });
      }),
  );
}
