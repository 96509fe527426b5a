/** Colours of three VS Code themes as CSS variables, for pictures and tests outside of VS Code. */
export type ThemeName = 'dark' | 'light' | 'hc';

/** Class that VS Code sets on the body. */
export const THEME_CLASS: Record<ThemeName, string> = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  hc: 'vscode-high-contrast',
};

const NAMES = [
  'foreground',
  'descriptionForeground',
  'editor-background',
  'sideBar-background',
  'panel-border',
  'widget-border',
  'editorIndentGuide-background1',
  'editorHoverWidget-background',
  'editorHoverWidget-border',
  'widget-shadow',
  'dropdown-background',
  'dropdown-border',
  'dropdown-foreground',
  'button-background',
  'button-hoverBackground',
  'button-foreground',
  'button-border',
  'button-secondaryBackground',
  'button-secondaryHoverBackground',
  'button-secondaryForeground',
  'list-hoverBackground',
  'focusBorder',
  'errorForeground',
  'contrastBorder',
];
const LEVEL_NAMES = ['memory', 'projections', 'cms0', 'cms1', 'cms2', 'outer'].map(
  name => `hopescope-level-${name}`,
);
const SURPRISE_NAMES = Array.from({ length: 8 }, (_, step) => `hopescope-surprise-${step}`);

const VALUES: Record<ThemeName, { base: string; levels: string; surprise: string }> = {
  dark: {
    base: '#CCCCCC #9D9D9D #1F1F1F #181818 #2B2B2B #313131 #404040 #202020 #454545 #0000005C #313131 #3C3C3C #CCCCCC #0078D4 #026EC1 #FFFFFF #FFFFFF12 #313131 #3C3C3C #CCCCCC #2A2D2E #0078D4 #F85149 -',
    levels: '#EF5A48 #E9A653 #E8E466 #3FDDC3 #80ABE8 #A468F6',
    surprise: '#202020 #36242D #4C2739 #622846 #782854 #8F2562 #A71F70 #BF127E',
  },
  light: {
    base: '#3B3B3B #3B3B3B #FFFFFF #F8F8F8 #E5E5E5 #E5E5E5 #D3D3D3 #F8F8F8 #C8C8C8 #00000029 #FFFFFF #CECECE #3B3B3B #005FB8 #0258A8 #FFFFFF #0000001A #E5E5E5 #CCCCCC #3B3B3B #F2F2F2 #005FB8 #C72E24 -',
    levels: '#6E1A0C #C48000 #666300 #16978F #11488A #A434DA',
    surprise: '#FDFDFD #FFE8F2 #FFD3E7 #FFBEDC #FFA8D1 #FD92C7 #FA7ABC #F661B1',
  },
  hc: {
    base: '#FFFFFF #D4D4D4 #000000 #000000 #6FC3DF #6FC3DF #7A7A7A #0C141F #6FC3DF - #000000 #6FC3DF #FFFFFF #000000 #000000 #FFFFFF #6FC3DF #000000 #000000 #FFFFFF - #F38518 #F48771 #6FC3DF',
    levels: '#FFFFFF #FFFFFF #FFFFFF #FFFFFF #FFFFFF #FFFFFF',
    surprise: '#000000 #000000 #000000 #000000 #000000 #000000 #000000 #000000',
  },
};

/** The variables of a theme, `-` left out as VS Code leaves out colours that a theme does not set. */
export function themeVariables(name: ThemeName): Record<string, string> {
  const { base, levels, surprise } = VALUES[name];
  const names = [...NAMES, ...LEVEL_NAMES, ...SURPRISE_NAMES];
  const values = [base, levels, surprise].flatMap(line => line.split(' '));
  const set = names.flatMap((key, i) => (values[i] === '-' ? [] : [[`--vscode-${key}`, values[i]]]));
  return {
    ...Object.fromEntries(set),
    '--vscode-font-family': 'system-ui, "Segoe UI", Ubuntu, "DejaVu Sans", sans-serif',
    '--vscode-font-size': '13px',
    '--vscode-font-weight': 'normal',
    '--vscode-editor-font-family': 'Menlo, Consolas, "DejaVu Sans Mono", monospace',
  };
}
