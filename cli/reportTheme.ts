import manifest from '../package.json';
import { readTheme, type Theme } from '../webviews/charts/theme.ts';

export const REPORT_THEMES = ['light', 'dark', 'high-contrast'] as const;
export type ReportTheme = (typeof REPORT_THEMES)[number];

/** What the Timeline takes of an editor's theme, as in the themes that VS Code opens with. */
const EDITOR: Readonly<Record<ReportTheme, Readonly<Record<string, string>>>> = {
  light: {
    ...{ foreground: '#3B3B3B', 'editor-background': '#FFFFFF', 'panel-border': '#E5E5E5' },
    ...{ 'editorIndentGuide-background1': '#D3D3D3', focusBorder: '#005FB8' },
  },
  dark: {
    ...{ foreground: '#CCCCCC', descriptionForeground: '#9D9D9D', 'editor-background': '#1F1F1F' },
    ...{ 'panel-border': '#2B2B2B', 'editorIndentGuide-background1': '#404040', focusBorder: '#0078D4' },
  },
  'high-contrast': {
    ...{ foreground: '#FFFFFF', 'editor-background': '#000000', 'panel-border': '#6FC3DF' },
    ...{ 'editorIndentGuide-background1': '#FFFFFF', focusBorder: '#F38518' },
  },
};

const CONTRIBUTED = { light: 'light', dark: 'dark', 'high-contrast': 'highContrast' } as const;

/** The colours of a report's pictures: the ones that the extension contributes on those of an editor's theme. */
export function reportTheme(name: ReportTheme): Theme {
  const levels = manifest.contributes.colors.map(
    ({ id, defaults }) => [id.replaceAll('.', '-'), defaults[CONTRIBUTED[name]]] as const,
  );
  const colors: Readonly<Record<string, string>> = { ...EDITOR[name], ...Object.fromEntries(levels) };
  const read = (variable: string): string => colors[variable.replace('--vscode-', '')] ?? '';
  return readTheme(read, name === 'high-contrast', 'editor');
}
