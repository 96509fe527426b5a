import * as vscode from 'vscode';
import { Throttle } from '../decorations/throttle.ts';
import type { Store } from '../state/store.ts';
import { showStatusMenu } from './statusMenu.ts';
import { statusSpeech, statusText, statusTooltip } from './statusText.ts';

const MENU = 'hopescope.statusMenu';
const INTERVAL_MS = 250;

/** Model, backend and progress in the status bar; a click offers what can be done now. */
export function registerStatusBar(store: Store): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('hopescope.status', vscode.StatusBarAlignment.Right, 100);
  item.name = 'Hopescope';
  item.command = MENU;
  const show = () => {
    const { snapshot } = store;
    item.text = statusText(snapshot);
    item.tooltip = new vscode.MarkdownString(statusTooltip(snapshot));
    item.accessibilityInformation = { label: statusSpeech(snapshot), role: 'button' };
    item.backgroundColor =
      snapshot.phase === 'failed' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  };
  const throttle = new Throttle(show, INTERVAL_MS);
  throttle.request();
  item.show();
  return vscode.Disposable.from(
    item,
    throttle,
    store.onDidChange(() => throttle.request()),
    store.onDidAppend(() => throttle.request()),
    vscode.commands.registerCommand(MENU, () => showStatusMenu(store.snapshot)),
  );
}
