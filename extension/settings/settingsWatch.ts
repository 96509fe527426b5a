import * as vscode from 'vscode';
import { failureText } from '../engine/engineFailure.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import type { Store } from '../state/store.ts';

/** Acts on settings that matter before the next command: another model is loaded, another engine is offered. */
export function registerSettingsWatch(store: Store, engine: EngineHost): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration(async change => {
    const { model, backend, phase } = store.snapshot;
    if (change.affectsConfiguration('hopescope.engine') && backend) {
      const restart = 'Restart Engine';
      const text = 'The engine settings count from the next start of the Hopescope engine on.';
      if ((await vscode.window.showInformationMessage(text, restart)) === restart) {
        await vscode.commands.executeCommand('hopescope.restartEngine');
      }
    } else if (change.affectsConfiguration('hopescope.model.path') && model && phase !== 'running') {
      await engine.model().catch(error => vscode.window.showErrorMessage(failureText(error)));
    }
  });
}
