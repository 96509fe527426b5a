import type * as vscode from 'vscode';
import type { EngineHost } from '../engine/engineHost.ts';
import type { RunCatalog } from '../runs/runCatalog.ts';
import type { Store } from '../state/store.ts';

/** What a Timeline works with. */
export interface TimelineServices {
  readonly context: vscode.ExtensionContext;
  readonly store: Store;
  readonly engine: EngineHost;
  readonly catalog: RunCatalog;
  readonly log: vscode.LogOutputChannel;
}
