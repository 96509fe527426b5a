/** Addresses and secrets of one page. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
  /** `webview.cspSource` */
  readonly source: string;
  /** Random, used once. */
  readonly nonce: string;
}

/** The Levels page: nothing but its own script, style and fonts may load; pictures are made inside it for export. */
export function levelsHtml({ script, style, source, nonce }: PageParts): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source} blob: data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Levels</title>
</head>
<body data-title="levels">
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
