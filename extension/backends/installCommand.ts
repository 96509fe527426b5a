import * as vscode from 'vscode';
import type { CommandContext } from '../commands/commandContext.ts';
import { engineCommand, installedNativeFolder } from '../settings/configuration.ts';
import type { CommandLine } from './installProcess.ts';
import { pickPython } from './pythonPick.ts';

interface SourceItem extends vscode.QuickPickItem {
  readonly source: 'cpu' | 'cuda' | 'python' | 'folder';
}

const SOURCES: readonly SourceItem[] = [
  {
    source: 'cpu',
    label: 'TensorFlow CPU',
    detail: '@tensorflow/tfjs-node with its official library.',
  },
  {
    source: 'cuda',
    label: 'TensorFlow GPU, CUDA 11.2',
    detail: 'Official libtensorflow 2.9.1; needs CUDA 11.2, cuDNN 8.1, Linux or Windows on x64.',
  },
  {
    source: 'python',
    label: 'TensorFlow of a Python environment…',
    detail: 'Compiles against the TensorFlow there, current CUDA included; needs a C++ compiler.',
  },
  {
    source: 'folder',
    label: 'A folder that holds one already…',
    detail: 'For machines without a network. Sets hopescope.engine.nativePath.',
  },
];

/** Installs the native backend, or chooses a folder that holds one, and has every backend timed. */
export async function installNativeBackend(c: CommandContext): Promise<void> {
  requireTrust();
  if (c.trainer.busy) return c.trainer.refuseSecond();
  const item = await vscode.window.showQuickPick(SOURCES, {
    title: 'Install Native Backend',
    placeHolder: 'Where is TensorFlow to come from?',
  });
  if (!item) return;
  if (item.source === 'folder') return useFolder(c);
  const python = item.source === 'python' ? await pickPython() : undefined;
  if (item.source === 'python' && !python) return;
  const flag = python === undefined ? [`--${item.source}`] : ['--python', python];
  const into = installedNativeFolder(c.context);
  const { label, tensorflow } = await run<{ label: string; tensorflow: string }>(
    c,
    'Installing the native backend',
    ['install', ...flag, '--into', into],
  );
  await setPath(undefined);
  forgetTimings(c);
  await offerMeasuring(`${label} is installed (TensorFlow ${tensorflow}).`);
}

/** Removes what `installNativeBackend` installed; a folder of the user's own is only forgotten. */
export async function uninstallNativeBackend(c: CommandContext): Promise<void> {
  requireTrust();
  if (c.trainer.busy) return c.trainer.refuseSecond();
  const own = nativePath();
  await setPath(undefined);
  const into = installedNativeFolder(c.context);
  const { removed } = await run<{ removed: boolean }>(c, 'Removing the native backend', [
    ...['uninstall', '--into', into],
  ]);
  forgetTimings(c);
  const gone = removed ? 'The native backend was removed.' : 'No native backend was installed.';
  const text = own ? `${gone} The folder ${own} is not used any more; it was left as it is.` : gone;
  const restart = 'Restart Engine';
  const buttons = removed || own ? [restart] : [];
  if ((await vscode.window.showInformationMessage(text, ...buttons)) === restart) {
    await vscode.commands.executeCommand('hopescope.restartEngine');
  }
}

async function useFolder(c: CommandContext): Promise<void> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Select the folder of a native backend',
    openLabel: 'Use Folder',
    canSelectFolders: true,
    canSelectFiles: false,
  });
  if (!chosen) return;
  if (chosen[0].scheme !== 'file')
    throw new Error('The folder must lie on the machine where the extension runs.');
  const folder = chosen[0].fsPath;
  await setPath(folder === installedNativeFolder(c.context) ? undefined : folder);
  forgetTimings(c);
  await offerMeasuring(`The native backend is looked for in ${folder}.`);
}

/** Installing runs code from the network and is no business of a workspace that nobody vouched for. */
function requireTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new Error(
    'The native backend is installed and removed in trusted workspaces only. Trust this one first.',
  );
}

function run<T>({ context, log }: CommandContext, title: string, args: readonly string[]): Promise<T> {
  const { execPath, env } = engineCommand(context);
  const command: CommandLine = { cliPath: context.asAbsolutePath('dist/cli.cjs'), execPath, env };
  return Promise.resolve(
    vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        // Loaded at the first need: activation must stay short.
        const { runBackendsCommand } = await import('./installProcess.ts');
        return runBackendsCommand<T>(command, args, log, message => progress.report({ message }), token);
      },
    ),
  );
}

function nativePath(): string {
  const path = vscode.workspace.getConfiguration('hopescope.engine').get<unknown>('nativePath');
  return typeof path === 'string' ? path.trim() : '';
}

async function setPath(folder: string | undefined): Promise<void> {
  if (nativePath() === (folder ?? '')) return;
  const configuration = vscode.workspace.getConfiguration('hopescope.engine');
  await configuration.update('nativePath', folder, vscode.ConfigurationTarget.Global);
}

/** What was measured before says nothing of another native backend; it is measured anew when nothing goes on. */
function forgetTimings({ store }: CommandContext): void {
  const { backend } = store.snapshot;
  if (backend) store.update({ backend: { ...backend, timings: undefined } });
}

/** Measuring starts processes of its own, so the engine need not be started anew before. */
async function offerMeasuring(text: string): Promise<void> {
  const measure = 'Measure Backends';
  if ((await vscode.window.showInformationMessage(text, measure)) === measure) {
    await vscode.commands.executeCommand('hopescope.measureBackends');
  }
}
