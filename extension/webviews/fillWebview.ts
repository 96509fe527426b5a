import * as vscode from 'vscode';
import { randomName } from '../randomName.ts';
import { contributedColors, pageHtml } from './pageHtml.ts';

/** One of our pages: its title, and the name of its script and style in `dist/webviews`. */
export interface OurPage {
  readonly title: string;
  readonly bundle: string;
}

/** Puts a page into a webview. What it says at its start is lost on whoever does not listen before. */
export function fillWebview(
  webview: vscode.Webview,
  extension: vscode.Extension<unknown>,
  { title, bundle }: OurPage,
): void {
  const folder = (...path: string[]) => vscode.Uri.joinPath(extension.extensionUri, ...path);
  const address = (file: string) => webview.asWebviewUri(folder('dist', 'webviews', file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [folder('dist'), folder('media')] };
  webview.html = pageHtml({
    title,
    script: address(`${bundle}.js`),
    style: address(`${bundle}.css`),
    source: webview.cspSource,
    nonce: randomName(16),
    colors: contributedColors(extension.packageJSON),
  });
}
