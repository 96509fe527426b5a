import * as vscode from 'vscode';
import { grouped } from '../training/figures.ts';
import type { CommandContext } from './commandContext.ts';

/** Ends the engine and starts it anew; a training that runs ends with it. */
export async function restartEngine({ engine }: CommandContext): Promise<void> {
  const restored = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Restarting the Hopescope engine' },
    () => engine.restart(),
  );
  if (restored.problem) {
    await vscode.window.showWarningMessage(`The engine was restarted. ${restored.problem}`);
  } else {
    const memory = restored.updates > 0 ? ` The memory is back at update ${grouped(restored.updates)}.` : '';
    await vscode.window.showInformationMessage(`The engine was restarted.${memory}`);
  }
}
