import * as vscode from 'vscode';
import { registerAbsorption } from './absorption/index.ts';
import { registerIdleMeasuring } from './backends/idleMeasuring.ts';
import { registerCheckpoints } from './checkpoints/index.ts';
import { registerCommands } from './commands/index.ts';
import { registerContextKeys } from './contextKeys.ts';
import { registerDebugger } from './debugger/index.ts';
import { registerDecorations } from './decorations/index.ts';
import { EngineHost } from './engine/engineHost.ts';
import { registerEngineNotices } from './engine/engineNotices.ts';
import { LevelsViewProvider } from './levelsView/levelsViewProvider.ts';
import { registerPinning } from './probes/index.ts';
import { PinnedProbes } from './probes/pinnedProbes.ts';
import { registerRuns } from './runs/index.ts';
import { RunCatalog } from './runs/runCatalog.ts';
import { registerSettingsWatch } from './settings/settingsWatch.ts';
import { Store } from './state/store.ts';
import { registerStatusBar } from './statusBar/index.ts';
import { registerTimeline } from './timeline/index.ts';
import { Trainer } from './training/trainer.ts';
import { registerTrees } from './trees/index.ts';

let engine: EngineHost | undefined;

/** Wires the rooms together. Starts nothing: the engine is started at its first use. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Hopescope', { log: true });
  const store = new Store(context.workspaceState);
  const host = new EngineHost(context, store, log);
  engine = host;
  const trainer = new Trainer(context, store, host, log);
  const levels = new LevelsViewProvider(context.extension, store, log, () => host.warmUp());
  const decorations = registerDecorations(store);
  const pinned = new PinnedProbes(store, log);
  const catalog = new RunCatalog(context, host);
  const timeline = registerTimeline({ context, store, engine: host, catalog, log });
  context.subscriptions.push(
    ...[log, store, host, levels, decorations],
    vscode.window.registerWebviewViewProvider(LevelsViewProvider.id, levels),
    ...[pinned, catalog, timeline.disposable],
    registerTrees(store, host, pinned),
    registerCheckpoints(context, log, timeline.timelines),
    registerPinning(store, pinned),
    registerRuns(store, host, catalog, timeline.timelines),
    registerAbsorption({ context, store, engine: host, trainer, catalog, timelines: timeline.timelines }),
    registerStatusBar(store),
    registerContextKeys(store),
    registerSettingsWatch(store, host),
    registerEngineNotices(host, log, trainer),
    registerIdleMeasuring(store, host, log),
    registerDebugger({ context, store, engine: host, trainer }),
    registerCommands({ context, store, engine: host, trainer, log, levels, pinned, decorations }),
  );
}

/** Waits until the engine process is gone. */
export async function deactivate(): Promise<void> {
  await engine?.stop();
}
