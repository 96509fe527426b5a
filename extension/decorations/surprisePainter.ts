import * as vscode from 'vscode';
import type { Store } from '../state/store.ts';
import { type StepRanges, surpriseSteps } from './surpriseSteps.ts';
import { createSurpriseStyles, isHighContrast } from './surpriseStyles.ts';
import { Throttle } from './throttle.ts';
import type { Trained, TrainedDocument } from './trainedDocument.ts';

/** Ten times a second at most; only what is visible and a margin is ever drawn. */
const INTERVAL_MS = 100;
const MOST_TOKENS = 4000;
const SETTING = 'hopescope.decorations.enabled';

/** Colours the visible tokens of the trained document by their newest surprise. */
export class SurprisePainter implements vscode.Disposable {
  readonly #document: TrainedDocument;
  readonly #throttle = new Throttle(() => this.#paint(), INTERVAL_MS);
  readonly #subscriptions: vscode.Disposable[];
  /** What every editor shows now, so that only what differs is sent. */
  #shown = new Map<vscode.TextEditor, readonly StepRanges[]>();
  #styles: vscode.TextEditorDecorationType[];
  #highContrast: boolean;

  constructor(store: Store, document: TrainedDocument) {
    this.#document = document;
    this.#highContrast = isHighContrast(vscode.window.activeColorTheme);
    this.#styles = createSurpriseStyles(this.#highContrast);
    const paint = () => this.#throttle.request();
    this.#subscriptions = [
      document.onDidChange(paint),
      store.onDidAppend(({ run }) => {
        if (run === document.trained?.run) paint();
      }),
      vscode.window.onDidChangeVisibleTextEditors(paint),
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => {
        if (document.of(textEditor.document)) paint();
      }),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration(SETTING)) paint();
      }),
      vscode.window.onDidChangeActiveColorTheme(theme => this.#restyle(theme)),
    ];
  }

  dispose(): void {
    this.#throttle.dispose();
    for (const disposable of [...this.#subscriptions, ...this.#styles]) disposable.dispose();
  }

  #restyle(theme: vscode.ColorTheme): void {
    if (isHighContrast(theme) === this.#highContrast) return;
    this.#highContrast = !this.#highContrast;
    for (const style of this.#styles) style.dispose();
    this.#styles = createSurpriseStyles(this.#highContrast);
    this.#shown.clear();
    this.#throttle.request();
  }

  #paint(): void {
    const shown = new Map<vscode.TextEditor, readonly StepRanges[]>();
    for (const editor of vscode.window.visibleTextEditors) {
      const trained = this.#document.of(editor.document);
      const before = this.#shown.get(editor);
      if (!trained && !before) continue;
      const steps =
        trained && enabled(editor.document)
          ? stepsIn(editor, trained)
          : this.#styles.map((): StepRanges => []);
      this.#styles.forEach((style, step) => {
        if (!before || !same(before[step], steps[step])) {
          editor.setDecorations(style, toRanges(editor.document, steps[step]));
        }
      });
      if (trained) shown.set(editor, steps);
    }
    this.#shown = shown;
  }
}

function enabled(document: vscode.TextDocument): boolean {
  return vscode.workspace.getConfiguration('hopescope.decorations', document).get<boolean>('enabled', true);
}

function stepsIn({ document, visibleRanges }: vscode.TextEditor, { run, spans }: Trained): StepRanges[] {
  const visible = visibleRanges.map(({ start, end }) => ({
    start: document.offsetAt(start),
    end: document.offsetAt(end),
  }));
  return surpriseSteps(spans, run.latestSurprise, visible, MOST_TOKENS);
}

function toRanges(document: vscode.TextDocument, offsets: StepRanges): vscode.Range[] {
  const ranges: vscode.Range[] = [];
  for (let i = 0; i < offsets.length; i += 2) {
    const range = new vscode.Range(document.positionAt(offsets[i]), document.positionAt(offsets[i + 1]));
    // A line break has nothing to colour; a border around nothing would still be seen.
    if (range.isSingleLine || document.getText(range).trim() !== '') ranges.push(range);
  }
  return ranges;
}

function same(a: StepRanges, b: StepRanges): boolean {
  return a.length === b.length && a.every((offset, i) => offset === b[i]);
}
