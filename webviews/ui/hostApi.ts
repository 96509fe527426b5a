import type { VsCodeApi } from 'vscode-messenger-webview';

declare function acquireVsCodeApi(): VsCodeApi;

/** The page's line to VS Code. It can be taken once; the messenger's own default does not survive bundling. */
export const hostApi = (): VsCodeApi => acquireVsCodeApi();
