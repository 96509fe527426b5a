import * as vscode from 'vscode';
import { HOVER_COMMANDS, hoverText } from './hoverText.ts';
import { probeOf } from './probeProposal.ts';
import { tokenNumbers } from './tokenNumbers.ts';
import type { Trained, TrainedDocument } from './trainedDocument.ts';

/** Text before and after a token in which its sentence is looked for, UTF-16 units. */
const CONTEXT = 2000;
const LONGEST_WORD = 100;

/** Shows the numbers of the token under the pointer. */
export class TokenHover implements vscode.HoverProvider {
  readonly #document: TrainedDocument;

  constructor(document: TrainedDocument) {
    this.#document = document;
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const trained = this.#document.of(document);
    const token = trained?.spans.tokenAt(document.offsetAt(position));
    const place = token === undefined ? undefined : trained?.spans.rangeOf(token);
    if (!trained || token === undefined || !place) return undefined;
    const range = new vscode.Range(document.positionAt(place.start), document.positionAt(place.end));
    const numbers = tokenNumbers(trained.run, token, this.#document.phase === 'running');
    const markdown = new vscode.MarkdownString(
      hoverText(document.getText(range), numbers, proposal(trained, place)),
    );
    markdown.isTrusted = { enabledCommands: HOVER_COMMANDS };
    markdown.supportHtml = true;
    return new vscode.Hover(markdown, range);
  }
}

function proposal({ document, spans }: Trained, { start, end }: { start: number; end: number }) {
  const bounds = spans.bounds();
  if (!bounds) return undefined;
  const from = Math.max(bounds.start, start - CONTEXT);
  const to = Math.min(bounds.end, end + LONGEST_WORD);
  const text = document.getText(new vscode.Range(document.positionAt(from), document.positionAt(to)));
  return probeOf(text, start - from, end - from);
}
