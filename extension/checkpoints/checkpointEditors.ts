import { basename } from 'node:path';
import * as vscode from 'vscode';
import { failureText } from '../engine/engineFailure.ts';
import { baseOf } from './baseOf.ts';
import type { CheckpointPage, CheckpointServices } from './checkpointPage.ts';
import { exportTensor } from './exportTensor.ts';

const VIEW = 'hopescope.checkpoint.editor';
/** The same editor, which fast states open in without being asked to. */
const FAST_STATE_VIEW = 'hopescope.fastState.editor';

/** The editors of checkpoints, and the commands that open and compare them. */
export class CheckpointEditors implements vscode.CustomReadonlyEditorProvider, vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  #services?: Promise<CheckpointServices>;
  readonly #pages = new Set<CheckpointPage>();
  readonly #registrations: vscode.Disposable[];
  /** Checkpoints whose editor is being opened to compare them with another. */
  readonly #waiting = new Map<string, vscode.Uri>();

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    const register = (name: string, run: (...args: unknown[]) => Promise<unknown>) =>
      vscode.commands.registerCommand(`hopescope.${name}`, (...args: unknown[]) =>
        this.#run(() => run(...args)),
      );
    this.#registrations = [
      ...[VIEW, FAST_STATE_VIEW].map(view =>
        vscode.window.registerCustomEditorProvider(view, this, {
          webviewOptions: { retainContextWhenHidden: true },
          supportsMultipleEditorsPerDocument: false,
        }),
      ),
      register('openCheckpoint', uri => this.#open(uri)),
      register('compareCheckpoints', (uri, all) => this.#compare(uri, all)),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('hopescope.levels')) for (const page of this.#pages) void page.load();
      }),
    ];
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    // Loaded at the first need: activation does not wait for it.
    const { CheckpointPage } = await import('./checkpointPage.ts');
    const page = new CheckpointPage(panel, uri, await this.#loaded());
    this.#pages.add(page);
    panel.onDidDispose(() => this.#pages.delete(page));
    page.onDidCommand(command => {
      if (command === 'showLog') this.#log.show();
      else if (command === 'export') void this.#run(() => exportTensor(page));
      else void this.#run(() => this.#compareIn(page, command === 'compareBase'));
    });
    await page.start();
    const other = this.#waiting.get(uri.toString());
    this.#waiting.delete(uri.toString());
    if (other) await page.compare(other);
  }

  dispose(): void {
    for (const registration of this.#registrations) registration.dispose();
    for (const page of this.#pages) page.dispose();
    void this.#services?.then(({ inspectors }) => inspectors.dispose());
  }

  #loaded(): Promise<CheckpointServices> {
    const [context, log] = [this.#context, this.#log];
    this.#services ??= import('./inspectors.ts').then(({ Inspectors }) => ({
      ...{ context, log },
      inspectors: new Inspectors(context, log),
    }));
    return this.#services;
  }

  /** What goes wrong is said. */
  async #run(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      await vscode.window.showErrorMessage(failureText(error));
    }
  }

  async #open(uri: unknown): Promise<void> {
    const chosen = uri instanceof vscode.Uri ? uri : await pickCheckpoint('Open Checkpoint');
    if (chosen) await vscode.commands.executeCommand('vscode.openWith', chosen, VIEW);
  }

  /** From the Explorer with two files selected, or from the palette for the checkpoint in front. */
  async #compare(uri: unknown, all: unknown): Promise<void> {
    const selected = Array.isArray(all) ? all.filter(item => item instanceof vscode.Uri) : [];
    const [first, second] = selected.length === 2 ? selected : [uri, undefined];
    if (!(first instanceof vscode.Uri)) {
      const active = [...this.#pages].find(({ panel }) => panel.active);
      if (active) return this.#compareIn(active);
    }
    const before =
      first instanceof vscode.Uri ? first : await pickCheckpoint('Compare: the checkpoint before');
    if (!before) return;
    const after = second ?? (await pickCheckpoint(`Compare ${basename(before.path)} with`));
    if (!after) return;
    const page = [...this.#pages].find(({ uri }) => uri.toString() === before.toString());
    if (!page) this.#waiting.set(before.toString(), after);
    await vscode.commands.executeCommand('vscode.openWith', before, VIEW);
    await page?.compare(after);
  }

  /** @param base whether the change since a base is asked for, which a fast state may name */
  async #compareIn(page: CheckpointPage, base = false): Promise<void> {
    const name = basename(page.uri.path);
    const known = base && page.info ? await baseOf(this.#context, page.info) : undefined;
    const other = known ?? (await pickCheckpoint(base ? `Base of ${name}` : `Compare ${name} with`));
    if (other) await page.compare(other, base);
  }
}

async function pickCheckpoint(title: string): Promise<vscode.Uri | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title,
      filters: { Checkpoints: ['safetensors', 'pt', 'pth', 'npz', 'hopestate', 'json', 'bin'] },
    })) ?? [];
  return chosen;
}
