/** Addresses and secrets of one page. */
export interface PageParts {
  /** Shown to no one but screen readers and tests. */
  readonly title: string;
  readonly script: string;
  readonly style: string;
  /** `webview.cspSource` */
  readonly source: string;
  /** Random, used once. */
  readonly nonce: string;
  /** Ids of the contributed colours. */
  readonly colors: readonly string[];
}

/** The page of a view: nothing but its own script, style and fonts may load; pictures are made inside it for export. */
export function pageHtml({ title, script, style, source, nonce, colors }: PageParts): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'nonce-${nonce}'`,
    `font-src ${source}`,
    `img-src ${source} blob: data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="${nonce}">:root { ${colors
    .filter(id => /\..*\./.test(id))
    .map(alias)
    .join(' ')} }</style>
<link rel="stylesheet" href="${style}">
<title>${title}</title>
</head>
<body data-title="${title.toLowerCase()}">
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}

/**
 * VS Code makes a variable of a colour's id by replacing its first dot only, so that `a.b.c` is `--vscode-a-b\.c`
 * in a page and `--vscode-a-b-c` elsewhere. The second name is given to the page too; were VS Code to set it one
 * day, its own value would win, as it is set on the element itself.
 */
function alias(id: string): string {
  const set = id.replace('.', '-').replaceAll('.', '\\.');
  return `--vscode-${id.replaceAll('.', '-')}: var(--vscode-${set});`;
}

/** Ids of the colours that a manifest contributes. */
export function contributedColors(manifest: { contributes: { colors: { id: string }[] } }): string[] {
  return manifest.contributes.colors.map(({ id }) => id);
}
