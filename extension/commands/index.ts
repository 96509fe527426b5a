import * as vscode from 'vscode';
import { installNativeBackend, uninstallNativeBackend } from '../backends/installCommand.ts';
import { measureBackends } from '../backends/measureCommand.ts';
import { failureText } from '../engine/engineFailure.ts';
import { addLevels } from './addLevels.ts';
import type { CommandContext } from './commandContext.ts';
import { debugTraining, debugTrainingFile } from './debugTraining.ts';
import { exportRun } from './exportRun.ts';
import { loadFastState } from './loadFastState.ts';
import { probe } from './probe.ts';
import { resetMemory } from './resetMemory.ts';
import { restartEngine } from './restartEngine.ts';
import { selectModel } from './selectModel.ts';
import { stop } from './stop.ts';
import { trainFile } from './trainFile.ts';
import { trainSelection } from './trainSelection.ts';

/** Registers every command of the palette; what one throws becomes a message. */
export function registerCommands(c: CommandContext): vscode.Disposable {
  const commands: Record<string, (argument?: unknown) => unknown> = {
    train: () => trainSelection(c),
    trainFile: uri => trainFile(c, uri),
    debugTraining: () => debugTraining(c),
    debugTrainingFile: uri => debugTrainingFile(c, uri),
    stop: () => stop(c),
    reset: () => resetMemory(c),
    loadFastState: uri => loadFastState(c, uri),
    selectModel: () => selectModel(c),
    addLevels: () => addLevels(c),
    probe: given => probe(c, given),
    showLevels: () => vscode.commands.executeCommand('hopescope.levels.focus'),
    export: () => exportRun(c),
    clearDecorations: () => c.decorations.clear(),
    showLog: () => c.log.show(),
    restartEngine: () => restartEngine(c),
    measureBackends: () => measureBackends(c),
    installNativeBackend: () => installNativeBackend(c),
    uninstallNativeBackend: () => uninstallNativeBackend(c),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`hopescope.${name}`, async (argument?: unknown) => {
        try {
          await run(argument);
        } catch (error) {
          await vscode.window.showErrorMessage(failureText(error));
        }
      }),
    ),
  );
}
