import * as vscode from 'vscode';
import { EngineFailure } from '../engine/engineFailure.ts';
import type { EngineCommand } from '../engine/handshake.ts';
import {
  isProblem,
  problemText,
  readTrainSettings,
  type SettingProblem,
  type TrainSettings,
} from './trainSettings.ts';

const BACKENDS = ['auto', 'wasm', 'cpu'];

/** Settings of a training on a document, or undefined after the user was told which one cannot be used. */
export function trainSettings(scope: vscode.Uri, levels?: readonly string[]): TrainSettings | undefined {
  const configuration = vscode.workspace.getConfiguration('hopescope', scope);
  const settings = readTrainSettings(name => configuration.get(name), levels);
  if (!isProblem(settings)) return settings;
  void showProblem(settings);
  return undefined;
}

/** How to start the engine now. @throws EngineFailure on a setting that cannot be used */
export function engineCommand(context: vscode.ExtensionContext): EngineCommand {
  const configuration = vscode.workspace.getConfiguration('hopescope.engine');
  const backend: unknown = configuration.get('backend');
  if (typeof backend !== 'string' || !BACKENDS.includes(backend)) {
    const allowed = BACKENDS.map(name => `"${name}"`).join(' or ');
    const value = JSON.stringify(backend) ?? 'missing';
    throw new EngineFailure(
      'bad-input',
      problemText({ setting: 'hopescope.engine.backend', value, allowed }),
    );
  }
  const nodePath = configuration.get<unknown>('nodePath');
  const own = typeof nodePath === 'string' && nodePath.trim() !== '';
  const env: NodeJS.ProcessEnv = { ...process.env };
  // The desktop's extension host is Electron, which is a Node only when told so; another Node must not be told.
  if (process.versions.electron && !own) env.ELECTRON_RUN_AS_NODE = '1';
  else delete env.ELECTRON_RUN_AS_NODE;
  return {
    modulePath: context.asAbsolutePath('dist/engine.cjs'),
    execPath: own ? nodePath.trim() : process.execPath,
    env,
    backend,
  };
}

async function showProblem(problem: SettingProblem): Promise<void> {
  const open = 'Open Settings';
  if ((await vscode.window.showErrorMessage(problemText(problem), open)) === open) {
    await vscode.commands.executeCommand('workbench.action.openSettings', `@id:${problem.setting}`);
  }
}
