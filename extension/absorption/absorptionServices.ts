import type * as vscode from 'vscode';
import type { EngineHost } from '../engine/engineHost.ts';
import type { RunCatalog } from '../runs/runCatalog.ts';
import type { Store } from '../state/store.ts';
import type { Timelines } from '../timeline/timelines.ts';
import type { Trainer } from '../training/trainer.ts';
import type { ReportDocuments } from './reportDocuments.ts';

/** What the question needs of the other rooms. */
export interface AbsorptionServices {
  readonly context: vscode.ExtensionContext;
  readonly store: Store;
  readonly engine: EngineHost;
  readonly trainer: Trainer;
  readonly catalog: RunCatalog;
  readonly timelines: Timelines;
  readonly documents: ReportDocuments;
}
