import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';

interface PythonItem extends vscode.QuickPickItem {
  /** Absent for "Browse…". */
  readonly path?: string;
}

/** Has the user choose a Python interpreter: of this workspace, the active environment, the PATH, or any other. */
export async function pickPython(): Promise<string | undefined> {
  const found = pythons();
  const items: PythonItem[] = [
    ...found.map(({ path, from }) => ({ label: path, description: from, path })),
    { label: '$(folder-opened) Browse…' },
  ];
  const item = await vscode.window.showQuickPick(items, {
    title: 'Install Native Backend',
    placeHolder: 'A Python that has TensorFlow; its library is used where it is',
  });
  return item && (item.path ?? (await browse()));
}

function pythons(): { path: string; from: string }[] {
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const environments = [
    ...folders.flatMap(({ uri }) => ['.venv', 'venv'].map(name => join(uri.fsPath, name))),
    ...[process.env.VIRTUAL_ENV, process.env.CONDA_PREFIX].filter(path => path !== undefined),
  ];
  const places = [
    ...environments.map(folder => ({ path: join(folder, ...inside), from: 'environment' })),
    ...(process.env.PATH ?? '').split(delimiter).map(folder => ({
      path: join(folder, process.platform === 'win32' ? 'python.exe' : 'python3'),
      from: 'PATH',
    })),
  ];
  const seen = new Set<string>();
  return places.filter(({ path }) => !seen.has(path) && seen.add(path) && existsSync(path));
}

async function browse(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Select the Python interpreter',
    openLabel: 'Select Python',
    canSelectFolders: false,
    canSelectFiles: true,
  });
  return chosen?.[0].fsPath;
}
