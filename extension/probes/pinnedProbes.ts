import * as vscode from 'vscode';
import type { Probe } from '../../engine/protocol/index.ts';
import type { Store } from '../state/store.ts';
import type { ProbesProblem } from './probesText.ts';

const FILE = ['.hopescope', 'probes.json'] as const;
const LARGEST_FILE = 4_000_000;

type ProbesText = typeof import('./probesText.ts');

/** Loaded at the first file, and its parser with it: activation must stay short. */
const probesText = (): Promise<ProbesText> => import('./probesText.ts');

/**
 * The probes pinned in `.hopescope/probes.json` of the first workspace folder. The file is watched and read again at
 * every change, and written whole or not at all; what else is in it stays.
 */
export class PinnedProbes implements vscode.Disposable {
  readonly #store: Store;
  readonly #log: vscode.LogOutputChannel;
  readonly #folders: vscode.Disposable;
  readonly #watching: vscode.Disposable[] = [];
  #reading: Promise<void> = Promise.resolve();
  /** The last problem that the user was told of, so that each is told once. */
  #told = '';

  constructor(store: Store, log: vscode.LogOutputChannel) {
    this.#store = store;
    this.#log = log;
    this.#watch();
    this.#folders = vscode.workspace.onDidChangeWorkspaceFolders(() => this.#watch());
  }

  /** Where probes are pinned; undefined where no folder is open. */
  get file(): vscode.Uri | undefined {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    return folder && vscode.Uri.joinPath(folder, ...FILE);
  }

  /** @throws Error with words for the user where the file is damaged, cannot be written, or no folder is open */
  async pin(probes: readonly Probe[]): Promise<void> {
    await this.#edit((text, { withProbe }) => probes.reduce(withProbe, text));
  }

  async unpin(probes: readonly Probe[]): Promise<void> {
    await this.#edit((text, { withoutProbe }) => probes.reduce(withoutProbe, text));
  }

  /** Puts one probe in the place of another. */
  async replace(old: Probe, probe: Probe): Promise<void> {
    await this.#edit((text, { withProbe, withoutProbe }) => withProbe(withoutProbe(text, old), probe));
  }

  /** Resolves when the file was read as it is now. */
  reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  dispose(): void {
    this.#folders.dispose();
    for (const each of this.#watching) each.dispose();
  }

  #watch(): void {
    for (const each of this.#watching.splice(0)) each.dispose();
    const folder = vscode.workspace.workspaceFolders?.[0];
    if (folder) {
      const watcher = vscode.workspace.createFileSystemWatcher(
        new vscode.RelativePattern(folder, FILE.join('/')),
      );
      const again = () => void this.reload();
      this.#watching.push(
        watcher,
        watcher.onDidChange(again),
        watcher.onDidCreate(again),
        watcher.onDidDelete(again),
      );
    }
    void this.reload();
  }

  async #read(): Promise<void> {
    const { file } = this;
    const text = file && (await this.#text(file));
    if (text === undefined) {
      this.#store.setPinned([]);
      return;
    }
    const { parseProbesFile } = await probesText();
    const { probes, problems } = parseProbesFile(text);
    // A file that cannot be read at all takes nothing away: it may be half edited.
    if (problems.length === 0 || probes.length > 0) this.#store.setPinned(probes);
    this.#tell(file!, problems);
  }

  /** What the file holds; undefined where there is none. */
  async #text(file: vscode.Uri): Promise<string | undefined> {
    try {
      const { size } = await vscode.workspace.fs.stat(file);
      if (size > LARGEST_FILE) {
        this.#tell(file, [{ line: 1, text: `it has ${size} bytes, more than probes need` }]);
        return undefined;
      }
      return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    } catch (error) {
      if (!(error instanceof vscode.FileSystemError && error.code === 'FileNotFound')) {
        this.#log.warn(`Pinned probes: ${error}`);
      }
      return undefined;
    }
  }

  async #edit(change: (text: string, by: ProbesText) => string): Promise<void> {
    const { file } = this;
    if (!file) throw new Error('Probes are pinned in a folder. Open one first.');
    const text = (await this.#text(file)) ?? '';
    const by = await probesText();
    const [problem] = by.parseProbesFile(text).problems;
    if (problem) throw new Error(`${problemText(file, problem)} Mend it first; nothing was changed.`);
    const changed = change(text, by);
    if (changed !== text) await writeWhole(file, changed);
    await this.reload();
  }

  #tell(file: vscode.Uri, problems: readonly ProbesProblem[]): void {
    const told = JSON.stringify(problems);
    if (told === this.#told) return;
    this.#told = told;
    const [problem] = problems;
    if (!problem) return;
    const more = problems.length > 1 ? ` There are ${problems.length - 1} more.` : '';
    const open = 'Open File';
    void vscode.window
      .showWarningMessage(`${problemText(file, problem)}${more} Mend it; the other probes are kept.`, open)
      .then(async choice => {
        if (choice !== open) return;
        const at = new vscode.Position(problem.line - 1, 0);
        await vscode.window.showTextDocument(file, { selection: new vscode.Range(at, at) });
      });
  }
}

function problemText(file: vscode.Uri, { line, text }: ProbesProblem): string {
  return `${vscode.workspace.asRelativePath(file)}, line ${line}: ${text}.`;
}

/** Beside the file first, then in its place: whoever reads sees the old or the new one whole. */
async function writeWhole(file: vscode.Uri, text: string): Promise<void> {
  const { fs } = vscode.workspace;
  const folder = vscode.Uri.joinPath(file, '..');
  const beside = vscode.Uri.joinPath(folder, `.probes-${process.pid}-${Date.now()}.tmp`);
  await fs.createDirectory(folder);
  try {
    await fs.writeFile(beside, new TextEncoder().encode(text));
    await fs.rename(beside, file, { overwrite: true });
  } catch (error) {
    await Promise.resolve(fs.delete(beside)).catch(() => undefined);
    throw error;
  }
}
