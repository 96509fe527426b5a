import * as vscode from 'vscode';
import { ownLevels } from '../../engine/protocol/index.ts';
import { allowedModel, bundledModel, configureModel, recentModels } from '../settings/modelSetting.ts';
import { grouped } from '../training/figures.ts';
import type { CommandContext } from './commandContext.ts';

interface ModelItem extends vscode.QuickPickItem {
  /** Absent for "Browse…". */
  readonly folder?: string;
}

/** Chooses and loads a model; the choice is kept only when it loads. */
export async function selectModel(c: CommandContext): Promise<void> {
  const { context, engine, trainer } = c;
  if (trainer.busy) return trainer.refuseSecond();
  const folder = await pickModelFolder(c, {
    title: 'Select Model',
    placeHolder:
      'A folder with config.json, tokenizer.json and the weights: Hope, Llama, GPT-2, or a public Hope’s .pt',
    bundled: true,
  });
  if (!folder) return;
  if (!(await mayForget(c))) return;
  allowedModel(context, folder);
  const model = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Loading the model', cancellable: true },
    (_, token) => engine.load(folder, token),
  );
  await configureModel(context, folder);
  await vscode.window.showInformationMessage(
    `${model.name} is loaded: ${grouped(model.parameters)} parameters, ${model.blocks} blocks, ${ownLevels(model.levels).length} levels.`,
  );
}

/** Asks for a model folder: a recent one or any other. */
export async function pickModelFolder(
  { context, store }: CommandContext,
  { title, placeHolder, bundled }: { title: string; placeHolder: string; bundled: boolean },
): Promise<string | undefined> {
  const offered = items(context, bundled, store.snapshot.model?.path);
  const options = { title, placeHolder, matchOnDescription: true };
  const item = await vscode.window.showQuickPick(offered, options);
  return item && (item.folder ?? (await browse()));
}

function items(context: vscode.ExtensionContext, withBundled: boolean, loaded?: string): ModelItem[] {
  const bundled = bundledModel(context);
  const mark = (folder: string) => (folder === loaded ? 'loaded' : undefined);
  const recent = recentModels(context).map(folder => ({
    ...{
      label: folder.slice(folder.search(/[^/\\]*[/\\]?$/)),
      description: folder,
      detail: mark(folder),
      folder,
    },
  }));
  const own = {
    label: 'Bundled model',
    description: 'comes with Hopescope',
    detail: mark(bundled),
    folder: bundled,
  };
  const separator = { label: 'recent', kind: vscode.QuickPickItemKind.Separator };
  return [
    ...(withBundled ? [own] : []),
    ...(recent.length > 0 ? [separator, ...recent, { ...separator, label: '' }] : []),
    { label: '$(folder-opened) Browse…' },
  ];
}

async function browse(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Select the folder of a model',
    openLabel: 'Select Model',
    canSelectFolders: true,
    canSelectFiles: false,
  });
  if (chosen && chosen[0].scheme !== 'file') {
    throw new Error('A model must lie in a folder on the machine where the extension runs.');
  }
  return chosen?.[0].fsPath;
}

/** Loading a model ends the memory of the one before. */
export async function mayForget({ store }: CommandContext): Promise<boolean> {
  const { model } = store.snapshot;
  if (!model || model.updates === 0) return true;
  const load = 'Load';
  const detail = `${model.name} forgets ${grouped(model.updates)} updates. Export the fast state first to keep it.`;
  return (
    (await vscode.window.showWarningMessage('Load another model?', { modal: true, detail }, load)) === load
  );
}
