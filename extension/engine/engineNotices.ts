import * as vscode from 'vscode';
import type { Trainer } from '../training/trainer.ts';
import type { EngineReturn } from './engineEvents.ts';
import type { EngineHost } from './engineHost.ts';
import { returnText } from './returnText.ts';

/** Tells the user when the engine ended by itself and what came back; after a lost training it can be repeated. */
export function registerEngineNotices(
  engine: EngineHost,
  log: vscode.LogOutputChannel,
  trainer: Trainer,
): vscode.Disposable {
  const returned = async (end: EngineReturn) => {
    const showLog = 'Show Log';
    const again = 'Train Again';
    const restart = 'Restart Engine';
    const choice = end.restored
      ? await vscode.window.showWarningMessage(
          returnText(end),
          ...(trainer.lost ? [again, showLog] : [showLog]),
        )
      : await vscode.window.showErrorMessage(returnText(end), restart, showLog);
    if (choice === showLog) log.show();
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
