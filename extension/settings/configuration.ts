import * as vscode from 'vscode';
import { BACKEND_PREFERENCES, MOST_THREADS, threadCount } from '../../engine/protocol/index.ts';
import { EngineFailure } from '../engine/engineFailure.ts';
import type { EngineCommand } from '../engine/handshake.ts';
import { configuredModel } from './modelSetting.ts';
import {
  isProblem,
  problemText,
  readTrainSettings,
  type SettingProblem,
  type TrainSettings,
} from './trainSettings.ts';

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
  if (typeof backend !== 'string' || !BACKEND_PREFERENCES.some(name => name === backend)) {
    const allowed = BACKEND_PREFERENCES.map(name => `"${name}"`).join(' or ');
    const value = JSON.stringify(backend) ?? 'missing';
    throw new EngineFailure(
      'bad-input',
      problemText({ setting: 'hopescope.engine.backend', value, allowed }),
    );
  }
  const asked: unknown = configuration.get('threads');
  const threads = threadCount(asked);
  if (threads === undefined) {
    const allowed = `"auto" or a whole number from 1 to ${MOST_THREADS}`;
    const value = JSON.stringify(asked) ?? 'missing';
    throw new EngineFailure(
      'bad-input',
      problemText({ setting: 'hopescope.engine.threads', value, allowed }),
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
    storage: context.globalStorageUri.fsPath,
    nativeFolder: nativeFolder(context),
    threads,
    model: firstModel(context),
  };
}

/** Where the install command puts the native backend. */
export function installedNativeFolder(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, 'native').fsPath;
}

/** Folder that the native backend is loaded from: the user's own, or that of the install command. */
export function nativeFolder(context: vscode.ExtensionContext): string {
  const path = vscode.workspace.getConfiguration('hopescope.engine').get<unknown>('nativePath');
  return typeof path === 'string' && path.trim() !== '' ? path.trim() : installedNativeFolder(context);
}

/** The configured model; which one may not be read is said when it is loaded. */
function firstModel(context: vscode.ExtensionContext): string | undefined {
  try {
    return configuredModel(context);
  } catch {
    return undefined;
  }
}

async function showProblem(problem: SettingProblem): Promise<void> {
  const open = 'Open Settings';
  if ((await vscode.window.showErrorMessage(problemText(problem), open)) === open) {
    await vscode.commands.executeCommand('workbench.action.openSettings', `@id:${problem.setting}`);
  }
}
