import * as vscode from 'vscode';
import { EngineFailure } from '../engine/engineFailure.ts';
import { folderRefusal, type ModelPlaces, modelFolder } from './modelFolder.ts';

const RECENT = 'hopescope.recentModels';
const RECENT_COUNT = 8;

/** Folder of the model that comes with the extension. */
export function bundledModel(context: vscode.ExtensionContext): string {
  return context.asAbsolutePath('media/hope-mini');
}

/** Folder of the configured model. @throws EngineFailure when the workspace's trust forbids to read it */
export function configuredModel(context: vscode.ExtensionContext): string {
  const setting: unknown = vscode.workspace.getConfiguration('hopescope.model').get('path');
  const places = modelPlaces(context);
  return allowed(modelFolder(typeof setting === 'string' ? setting : '', places), places);
}

/** The folder itself. @throws EngineFailure as `configuredModel` */
export function allowedModel(context: vscode.ExtensionContext, folder: string): string {
  return allowed(folder, modelPlaces(context));
}

/** Makes a folder the configured model, where the setting has its value now, and remembers it. */
export async function configureModel(context: vscode.ExtensionContext, folder: string): Promise<void> {
  const bundled = folder === bundledModel(context);
  const configuration = vscode.workspace.getConfiguration('hopescope.model');
  const set = configuration.inspect('path');
  const inWorkspace = set?.workspaceValue !== undefined && vscode.workspace.isTrusted;
  const target = inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await configuration.update('path', bundled ? undefined : folder, target);
  // Taken out of the workspace, a value of the user's would show through.
  if (bundled && inWorkspace && set?.globalValue) await configuration.update('path', '', target);
  if (!bundled) {
    const recent = [folder, ...recentModels(context).filter(other => other !== folder)];
    await context.globalState.update(RECENT, recent.slice(0, RECENT_COUNT));
  }
}

export function recentModels(context: vscode.ExtensionContext): string[] {
  const recent: unknown = context.globalState.get(RECENT);
  return Array.isArray(recent) ? recent.filter(folder => typeof folder === 'string') : [];
}

function modelPlaces(context: vscode.ExtensionContext): ModelPlaces {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return {
    bundled: bundledModel(context),
    workspace: folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath),
    trusted: vscode.workspace.isTrusted,
  };
}

function allowed(folder: string, places: ModelPlaces): string {
  const refused = folderRefusal(folder, places);
  if (refused) throw new EngineFailure('bad-input', refused, 'Trust the workspace or choose another model.');
  return folder;
}
