import { rgb } from 'd3';

/** The colours a chart draws with, resolved, so that canvas, SVG and exported files show the same. */
export interface Theme {
  readonly highContrast: boolean;
  readonly background: string;
  readonly foreground: string;
  /** Captions and axis labels. */
  readonly dim: string;
  /** Axes and the borders of bars. */
  readonly line: string;
  readonly rule: string;
  /** Frames what is selected. */
  readonly focus: string;
  readonly levels: Readonly<Record<'memory' | 'projections' | 'cms0' | 'cms1' | 'cms2' | 'outer', string>>;
  /** Eight steps of 1 nat. */
  readonly surprise: readonly string[];
  readonly textFont: string;
  readonly numberFont: string;
}

/** What a compared run is drawn in: fainter, and where faintness carries nothing, another colour. */
export const comparedColor = (theme: Theme): string => (theme.highContrast ? theme.focus : theme.dim);

/** Value of a CSS custom property, empty when the theme does not set it. */
export type ReadVariable = (name: string) => string;

/** Where a view stands, which decides what lies behind it. */
export type Place = 'sideBar' | 'editor';

/** Reads the colours of the current VS Code theme through its CSS variables. */
export function readTheme(read: ReadVariable, highContrast: boolean, place: Place = 'sideBar'): Theme {
  const first = (names: readonly string[], otherwise: string): string => {
    for (const name of names) {
      const value = read(`--vscode-${name}`).trim();
      if (value && !Number.isNaN(rgb(value).opacity)) return value;
    }
    return otherwise;
  };
  const foreground = first(['foreground', 'editor-foreground'], 'currentColor');
  const background = first([`${place}-background`, 'editor-background'], 'transparent');
  const over = (names: readonly string[], otherwise: string): string =>
    opaque(first(names, otherwise), background);
  const level = (name: string): string => over([`hopescope-level-${name}`], foreground);
  return {
    highContrast,
    background,
    foreground,
    dim: over(['descriptionForeground'], foreground),
    line: over(['editorIndentGuide-background1', 'editorIndentGuide-background'], foreground),
    rule: over(['panel-border', 'contrastBorder', 'widget-border'], foreground),
    focus: over(['focusBorder'], foreground),
    levels: {
      memory: level('memory'),
      projections: level('projections'),
      cms0: level('cms0'),
      cms1: level('cms1'),
      cms2: level('cms2'),
      outer: level('outer'),
    },
    surprise: Array.from({ length: 8 }, (_, step) => over([`hopescope-surprise-${step}`], foreground)),
    textFont: read('--vscode-font-family').trim() || 'sans-serif',
    numberFont: read('--vscode-editor-font-family').trim() || 'monospace',
  };
}

/** Themes may give translucent colours; a mark drawn twice on a canvas would then show darker. */
function opaque(color: string, background: string): string {
  const top = rgb(color);
  const below = rgb(background);
  if (Number.isNaN(top.opacity) || Number.isNaN(below.opacity) || top.opacity === 1) return color;
  const blend = (a: number, b: number): number => Math.round(a * top.opacity + b * (1 - top.opacity));
  return rgb(blend(top.r, below.r), blend(top.g, below.g), blend(top.b, below.b)).formatHex();
}
