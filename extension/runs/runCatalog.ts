import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { RunInfo } from '../../engine/protocol/index.ts';
import { failureText } from '../engine/engineFailure.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import { runsFolder } from './runsFolder.ts';

/** A run file and what it says, or why it cannot be read. */
export type CatalogEntry =
  | { readonly path: string; readonly info: RunInfo; readonly problem?: undefined }
  | { readonly path: string; readonly problem: string; readonly info?: undefined };

/** The runs of this workspace. A file is described once for each time it changes. */
export class RunCatalog implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #engine: EngineHost;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #known = new Map<string, { readonly stamp: string; readonly entry: CatalogEntry }>();

  /** What is listed may be another now. */
  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext, engine: EngineHost) {
    this.#context = context;
    this.#engine = engine;
  }

  /** Newest first. @param limit Only so many of the newest files. */
  async list(limit = Number.POSITIVE_INFINITY): Promise<CatalogEntry[]> {
    const files = await this.#files();
    const found: CatalogEntry[] = [];
    for (const path of files.slice(0, limit)) {
      const entry = await this.#describe(path);
      if (entry) found.push(entry);
    }
    return found;
  }

  /** Tells everyone to list anew. */
  refresh(): void {
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** Run files by name, which begins with the time. */
  async #files(): Promise<string[]> {
    const folder = runsFolder(this.#context);
    try {
      const names = await vscode.workspace.fs.readDirectory(folder);
      return names
        .flatMap(([name]) => (name.endsWith('.hoperun') ? [vscode.Uri.joinPath(folder, name).fsPath] : []))
        .sort()
        .reverse();
    } catch {
      // Nothing was trained in this workspace yet.
      return [];
    }
  }

  /** @returns undefined for a file that is gone meanwhile. */
  async #describe(path: string): Promise<CatalogEntry | undefined> {
    const stamp = await stampOf(path);
    if (stamp === undefined) return undefined;
    const known = this.#known.get(path);
    if (known?.stamp === stamp) return known.entry;
    let entry: CatalogEntry;
    try {
      entry = { path, info: await this.#engine.request('DescribeRun', { path }) };
    } catch (error) {
      entry = { path, problem: failureText(error) };
    }
    // A failure may be of the moment: it is asked for again the next time.
    if (entry.info) this.#known.set(path, { stamp, entry });
    return entry;
  }
}

/** Changes whenever the file or its log does; undefined where there is no file. */
async function stampOf(path: string): Promise<string | undefined> {
  const parts = await Promise.all(
    [path, `${path}-wal`].map(file =>
      stat(file).then(
        ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
        () => '',
      ),
    ),
  );
  return parts[0] ? parts.join() : undefined;
}
