import * as vscode from 'vscode';
import type { AbsorptionReport, Probe, TimelineRequest, TimelineStep } from '../../engine/protocol/index.ts';
import { failureText } from '../engine/engineFailure.ts';
import { runUri } from '../runs/runsFolder.ts';
import { runDescription } from '../runs/runText.ts';
import { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';

export const TIMELINE_VIEW = 'hopescope.timeline';

type Handler = (page: TimelinePage, request: TimelineRequest) => unknown;

/** All open Timelines: at most one a run. Opened by command, from the Runs view, and as editor of `*.hoperun`. */
export class Timelines
  implements vscode.CustomReadonlyEditorProvider, vscode.WebviewPanelSerializer, vscode.Disposable
{
  readonly #services: TimelineServices;
  readonly #pages = new Set<TimelinePage>();
  readonly #listeners: vscode.Disposable[];
  /** The newest answer to “which level learned this?”, by run file. */
  readonly #absorptions = new Map<string, { fact: Probe; report: AbsorptionReport }>();
  #restored?: { readonly path: string; readonly updates: number };
  #active?: TimelinePage;
  /** The commands that a page may ask for; set once they are registered. */
  handler: Handler = () => undefined;

  constructor(services: TimelineServices) {
    this.#services = services;
    const options = {
      webviewOptions: { retainContextWhenHidden: true },
      supportsMultipleEditorsPerDocument: false,
    };
    let { model, phase } = services.store.snapshot;
    this.#listeners = [
      vscode.window.registerCustomEditorProvider(TIMELINE_VIEW, this, options),
      vscode.window.registerWebviewPanelSerializer(TIMELINE_VIEW, this),
      services.store.onDidChange(({ model: now, phase: next, run }) => {
        const ended = phase === 'running' && (next === 'finished' || next === 'cancelled') ? run : undefined;
        const changed = now !== model;
        [model, phase] = [now, next];
        // Whatever changed the weights, they are no longer the state that was restored.
        if (ended)
          this.markRestored({ path: runUri(services.context, ended.id).fsPath, updates: ended.updates });
        else if (changed) this.markRestored(undefined);
        if (ended) services.catalog.refresh();
        for (const page of this.#pages) if (changed && page.run?.unavailable) void page.refresh();
      }),
      services.engine.onDidReturn(({ restored }) => {
        if (restored?.place) this.markRestored(restored.place);
      }),
    ];
  }

  /** The Timeline that the user looks at, or looked at last. */
  get active(): TimelinePage | undefined {
    return this.#active;
  }

  /** Opens or shows the Timeline of a run. @param updates where the playhead goes */
  async open(path: string, updates?: number): Promise<TimelinePage> {
    let page = [...this.#pages].find(known => known.path === path);
    if (page) page.panel.reveal();
    else {
      const empty = [...this.#pages].find(known => known.path === undefined);
      if (empty) {
        page = empty;
        empty.panel.reveal();
        await empty.show(path);
      } else page = await this.#create(this.#panel(), path);
    }
    if (updates !== undefined) await page.goTo(updates);
    return page;
  }

  /** The current or newest run; an empty view where there is none. */
  async showNewest(): Promise<void> {
    const { store, context, catalog } = this.#services;
    const { run } = store.snapshot;
    if (run && run.updates > 0) return void (await this.open(runUri(context, run.id).fsPath));
    const [newest] = (await catalog.list(5)).flatMap(({ info }) => (info ? [info] : []));
    if (newest) return void (await this.open(newest.path));
    const empty = [...this.#pages].find(known => known.path === undefined);
    if (empty) empty.panel.reveal();
    else await this.#create(this.#panel(), undefined);
  }

  /** Lays a run under the one of the active Timeline, or opens it and asks for the other. */
  async compare(path: string): Promise<void> {
    const page =
      this.#active?.path !== undefined && this.#active.path !== path ? this.#active : await this.open(path);
    if (page.path !== path) return page.compare(path);
    const others = (await this.#services.catalog.list()).flatMap(({ info }) =>
      info && info.path !== path ? [info] : [],
    );
    const items = others.map(info => ({
      label: info.title,
      description: runDescription(info, info.status),
      path: info.path,
    }));
    if (items.length === 0)
      return void (await vscode.window.showInformationMessage('There is no other run to compare with.'));
    const choice = await vscode.window.showQuickPick(items, {
      title: 'Compare with Run',
      placeHolder: 'Aligned by token',
    });
    if (choice) await page.compare(choice.path);
  }

  /** Closes the Timeline of a run, if it is open. */
  close(path: string): void {
    for (const page of this.#pages) if (page.path === path) page.panel.dispose();
  }

  /** Ends what the engine computes for the panels of all Timelines. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#pages].map(page => page.quiet()));
  }

  /** Shows an absorption report in the Timeline of its run, now or when it is opened. */
  showAbsorption(path: string, fact: Probe, report: AbsorptionReport): void {
    this.#absorptions.set(path, { fact, report });
    for (const page of this.#pages) if (page.path === path) page.absorbed({ fact, report });
  }

  /** The live state is one of a run, or (undefined) of none that is known. */
  markRestored(restored: { readonly path: string; readonly updates: number } | undefined): void {
    this.#restored = restored;
    for (const page of this.#pages)
      page.restored(restored?.path === page.path ? restored?.updates : undefined);
  }

  step(step: TimelineStep): void {
    this.#active?.step(step);
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor(document: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    await this.#create(panel, document.uri.fsPath, false);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const path = (state as { path?: unknown } | undefined)?.path;
    await this.#create(panel, typeof path === 'string' ? path : undefined);
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
    for (const page of this.#pages) page.dispose();
  }

  #panel(): vscode.WebviewPanel {
    const place = vscode.ViewColumn.Active;
    const panel = vscode.window.createWebviewPanel(TIMELINE_VIEW, 'Timeline', place, {
      retainContextWhenHidden: true,
    });
    panel.iconPath = vscode.Uri.joinPath(this.#services.context.extensionUri, 'media', 'hopescope.svg');
    return panel;
  }

  async #create(panel: vscode.WebviewPanel, path: string | undefined, titled = true): Promise<TimelinePage> {
    const page = new TimelinePage(panel, this.#services, path, titled);
    this.#pages.add(page);
    this.#active = page;
    panel.onDidChangeViewState(() => {
      if (panel.active) this.#active = page;
    });
    panel.onDidDispose(() => {
      this.#pages.delete(page);
      if (this.#active === page) this.#active = [...this.#pages].at(-1);
    });
    page.onDidCommand(async request => {
      try {
        await this.handler(page, request);
      } catch (error) {
        await vscode.window.showErrorMessage(failureText(error));
      }
    });
    await page.start();
    const absorption = path === undefined ? undefined : this.#absorptions.get(path);
    if (absorption) page.absorbed(absorption);
    page.restored(this.#restored?.path === path ? this.#restored?.updates : undefined);
    return page;
  }
}
