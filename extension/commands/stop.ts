import * as vscode from 'vscode';
import type { CommandContext } from './commandContext.ts';

/** Stops the training after the tick in flight. */
export async function stop({ trainer }: CommandContext): Promise<void> {
  if (!trainer.stop()) await vscode.window.showInformationMessage('No training is running.');
}
