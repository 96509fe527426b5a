import * as vscode from 'vscode';
import { timingText } from '../../engine/protocol/index.ts';
import type { Snapshot } from '../state/store.ts';

interface Action extends vscode.QuickPickItem {
  readonly command: string;
}

/** What can be done now, the likeliest first. */
export async function showStatusMenu(snapshot: Snapshot): Promise<void> {
  const action = await vscode.window.showQuickPick(actions(snapshot), {
    title: 'Hopescope',
    placeHolder: snapshot.model ? `Model ${snapshot.model.name}` : 'No model is loaded',
  });
  if (action) await vscode.commands.executeCommand(action.command);
}

/** `wasm: 1.9 ms a tick; WebGPU: no adapter`, or that nothing is known. */
function timingsText(backend: Snapshot['backend']): string {
  return backend?.timings?.map(timingText).join('; ') ?? 'Nothing was measured on this model yet.';
}

function actions({ phase, model, run, backend }: Snapshot): Action[] {
  const item = (icon: string, label: string, name: string): Action => ({
    label: `$(${icon}) ${label}`,
    command: `hopescope.${name}`,
  });
  const training = phase === 'running';
  const editor = vscode.window.activeTextEditor;
  return [
    ...(training ? [item('debug-stop', 'Stop', 'stop')] : []),
    item('layers', 'Show Levels', 'showLevels'),
    ...(!training && editor && !editor.selection.isEmpty
      ? [item('play', 'Train on Selection', 'train')]
      : []),
    ...(!training && editor ? [item('file-code', 'Train on File', 'trainFile')] : []),
    ...(model ? [item('add', 'Probe…', 'probe')] : []),
    ...(run ? [item('clear-all', 'Clear Surprise Decorations', 'clearDecorations')] : []),
    ...(run ? [item('export', 'Export…', 'export')] : []),
    ...(model && !training ? [item('discard', 'Reset Memory', 'reset')] : []),
    ...(training ? [] : [item('folder-opened', 'Select Model…', 'selectModel')]),
    ...(backend ? [item('debug-restart', 'Restart Engine', 'restartEngine')] : []),
    ...(training
      ? []
      : [{ ...item('dashboard', 'Measure Backends', 'measureBackends'), detail: timingsText(backend) }]),
    ...(training ? [] : [item('cloud-download', 'Install Native Backend…', 'installNativeBackend')]),
    item('output', 'Show Log', 'showLog'),
  ];
}
