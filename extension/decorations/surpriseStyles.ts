import * as vscode from 'vscode';
import { STEPS } from './surpriseSteps.ts';

/** From this step on the editor's own text colours would be hard to read. */
const FOREGROUND_FROM = 4;
const BOX_FROM = 6;
const FOREGROUND = 'hopescope.surpriseForeground';

/** One decoration type a step, lowest first: a background, and in high contrast a bar below or a box. */
export function createSurpriseStyles(highContrast: boolean): vscode.TextEditorDecorationType[] {
  return Array.from({ length: STEPS }, (_, step) =>
    vscode.window.createTextEditorDecorationType({
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      ...(highContrast ? marks(step) : background(step)),
    }),
  );
}

export function isHighContrast({ kind }: vscode.ColorTheme): boolean {
  return kind === vscode.ColorThemeKind.HighContrast || kind === vscode.ColorThemeKind.HighContrastLight;
}

function background(step: number): vscode.DecorationRenderOptions {
  return {
    backgroundColor: new vscode.ThemeColor(`hopescope.surprise.${step}`),
    borderRadius: '2px',
    ...(step >= FOREGROUND_FROM ? { color: new vscode.ThemeColor(FOREGROUND) } : {}),
  };
}

/**
 * A bar of 1 px a nat below the letters, in a grey that they are still read on, and from 6 nats a box. The letters keep
 * their own colour: high contrast themes invert a selection, and a fixed one would vanish in it.
 */
function marks(step: number): vscode.DecorationRenderOptions {
  const box = Math.max(0, step - BOX_FROM + 1);
  return {
    borderColor: new vscode.ThemeColor(`hopescope.surprise.${step}`),
    borderStyle: 'solid',
    borderWidth: `${box}px ${box}px ${step}px ${box}px`,
  };
}
