import * as vscode from 'vscode';
import { nameOf } from '../training/documents.ts';
import type { TextRange } from './launchArguments.ts';
import { programPath } from './program.ts';

export const DEBUG_TYPE = 'hopescope';

/** Configurations for a launch.json and, without one, for the text in the active editor. */
export class HopeConfigurations implements vscode.DebugConfigurationProvider {
  provideDebugConfigurations(): vscode.DebugConfiguration[] {
    const file = ['$', '{file}'].join('');
    return [{ type: DEBUG_TYPE, request: 'launch', name: 'Train File', program: file, stopOnEntry: true }];
  }

  resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    if (configuration.program) return configuration;
    const editor = vscode.window.activeTextEditor;
    if (!editor) {
      void vscode.window.showWarningMessage('No text editor is open. Open a text to train on and try again.');
      return undefined;
    }
    return {
      ...launchOf(editor.document.uri, []),
      ...configuration,
      program: programPath(editor.document.uri),
    };
  }
}

/** A configuration for a text, or parts of it, that needs no launch.json. */
export function launchOf(uri: vscode.Uri, ranges: readonly TextRange[]): vscode.DebugConfiguration {
  return {
    type: DEBUG_TYPE,
    request: 'launch',
    name: `Training on ${nameOf(uri)}`,
    program: programPath(uri),
    ...(ranges.length > 0 ? { ranges: [...ranges] } : {}),
  };
}

/** Selections as ranges from 1; empty ones are left out. */
export function rangesOf(selections: readonly vscode.Selection[]): TextRange[] {
  return selections
    .filter(selection => !selection.isEmpty)
    .map(({ start, end }) => ({
      startLine: start.line + 1,
      startColumn: start.character + 1,
      endLine: end.line + 1,
      endColumn: end.character + 1,
    }));
}
