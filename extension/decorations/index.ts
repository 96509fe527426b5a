import * as vscode from 'vscode';
import type { Store } from '../state/store.ts';
import { TokenHover } from './hover.ts';
import { TrainedLens } from './lens.ts';
import { SurprisePainter } from './surprisePainter.ts';
import { TrainedDocument } from './trainedDocument.ts';

/** Shows the current run in the document it was read from: surprise a token, a hover with its numbers, a code lens. */
export function registerDecorations(store: Store): vscode.Disposable & { clear(): void } {
  const document = new TrainedDocument(store);
  const lens = new TrainedLens(store, document);
  const everywhere = { scheme: '*' };
  const parts = vscode.Disposable.from(
    new SurprisePainter(store, document),
    lens,
    vscode.languages.registerCodeLensProvider(everywhere, lens),
    vscode.languages.registerHoverProvider(everywhere, new TokenHover(document)),
    document,
  );
  return { clear: () => document.clear(), dispose: () => parts.dispose() };
}
