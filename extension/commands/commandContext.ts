import type * as vscode from 'vscode';
import type { EngineHost } from '../engine/engineHost.ts';
import type { LevelsViewProvider } from '../levelsView/levelsViewProvider.ts';
import type { PinnedProbes } from '../probes/pinnedProbes.ts';
import type { Store } from '../state/store.ts';
import type { Trainer } from '../training/trainer.ts';

/** What the commands work with. */
export interface CommandContext {
  readonly context: vscode.ExtensionContext;
  readonly store: Store;
  readonly engine: EngineHost;
  readonly trainer: Trainer;
  readonly log: vscode.LogOutputChannel;
  readonly levels: LevelsViewProvider;
  readonly pinned: PinnedProbes;
  readonly decorations: { clear(): void };
}
