import * as vscode from 'vscode';
import type { FactReport } from '../state/factReport.ts';
import { reportMarkdown } from './reportText.ts';

const SCHEME = 'hopescope-report';
/** Reports that can be opened again; of more, the oldest go. */
const KEPT = 20;

/** Reports as read-only Markdown documents. */
export class ReportDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #registration: vscode.Disposable;
  #count = 0;

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.#texts.get(uri.path) ?? 'This report was closed. Ask again: *Hopescope: Which Level Learned This?*'
    );
  }

  /** Shows a report, rendered, beside the text it is about. */
  async show(report: FactReport): Promise<void> {
    this.#count++;
    const path = `/Which level learned this ${this.#count}.md`;
    this.#texts.set(path, reportMarkdown(report));
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > KEPT) this.#texts.delete(oldest);
    const uri = vscode.Uri.from({ scheme: SCHEME, path });
    await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
  }

  dispose(): void {
    this.#registration.dispose();
  }
}
