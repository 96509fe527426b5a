import * as vscode from 'vscode';
import type { ProbeScore } from '../../engine/protocol/index.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import type { Store } from '../state/store.ts';
import type { Stepper } from './stepper.ts';

/** Quiet after which a cursor counts as at rest, milliseconds. */
const QUIET_MS = 250;

/**
 * What follows a stepped training beside its history: scores of the probes and the Checkpoint tree when the cursor
 * rests, and a hover on every token of its text.
 */
export class StepViews implements vscode.Disposable {
  readonly #store: Store;
  readonly #engine: EngineHost;
  readonly #document: vscode.TextDocument;
  #before?: readonly ProbeScore[];
  #timer?: NodeJS.Timeout;
  #hover?: vscode.Disposable;

  constructor(store: Store, engine: EngineHost, document: vscode.TextDocument) {
    this.#store = store;
    this.#engine = engine;
    this.#document = document;
  }

  open(stepper: Stepper): void {
    // Registered only while it is needed: where no provider answers, VS Code no longer looks for words itself.
    this.#hover = vscode.languages.registerEvaluatableExpressionProvider(
      { scheme: '*' },
      { provideEvaluatableExpression: (document, position) => this.#tokenAt(stepper, document, position) },
    );
    this.moved();
  }

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#rested(), QUIET_MS);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#hover?.dispose();
  }

  async #rested(): Promise<void> {
    const { model, probes } = this.#store.snapshot;
    // A new object says that tensors changed.
    if (model) this.#store.update({ model: { ...model } });
    if (probes.length === 0) return;
    const asked = probes.map(({ probe }) => probe);
    // An engine that ends meanwhile is told of elsewhere.
    const scores = await this.#engine.scoreProbes(asked).catch(() => undefined);
    if (!scores) return;
    this.#before ??= scores;
    const before = this.#before;
    this.#store.scoreProbes(asked.map((probe, i) => ({ probe, before: before[i], score: scores[i] })));
  }

  #tokenAt(
    { places }: Stepper,
    document: vscode.TextDocument,
    { line, character }: vscode.Position,
  ): vscode.EvaluatableExpression | undefined {
    if (document !== this.#document) return undefined;
    const token = places.tokenAt(line + 1, character + 1);
    const place = token === undefined ? undefined : places.placeOf({ first: token, count: 1 });
    if (!place) return undefined;
    const range = new vscode.Range(
      ...([place.line - 1, place.column - 1, place.endLine - 1, place.endColumn - 1] as const),
    );
    return new vscode.EvaluatableExpression(range, `token(${token})`);
  }
}
