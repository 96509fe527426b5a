// What the previews of all views share: the bundled page behind a server of its own, a browser, and its faults.
import { createServer } from 'node:http';
import esbuild from 'esbuild';
import { chromium } from 'playwright-core';

/**
 * Bundles a view and the page's side of its preview, and opens a browser.
 * @param entries `page` and `view`: paths of the two scripts
 */
export async function openPreview(entries) {
  const { outputFiles } = await esbuild.build({
    entryPoints: entries,
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2023',
    outdir: 'out',
    logLevel: 'warning',
  });
  const files = new Map(
    outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/')), contents]),
  );
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="stylesheet" href="/view.css"></head>
  <body><script nonce="n" src="/page.js"></script><script nonce="n" src="/view.js"></script></body></html>`;
  // As strict as the extension's own page.
  const policy = "default-src 'none'; style-src 'self'; script-src 'nonce-n'; font-src 'self'";

  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const body = path === '/' ? html : files.get(path);
    const type = path.endsWith('.css') ? 'text/css' : path.endsWith('.js') ? 'text/javascript' : 'text/html';
    if (path === '/') response.setHeader('Content-Security-Policy', policy);
    response.writeHead(body ? 200 : 404, { 'Content-Type': type });
    response.end(body);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;

  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  const faults = [];

  const page = await browser.newPage();
  const at = { where: '' };
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type()) && !message.text().includes('favicon')) {
      faults.push(`${at.where}: ${message.text()}`);
    }
  });
  page.on('pageerror', error => faults.push(`${at.where}: ${error.stack}`));
  const sheet = await browser.newPage({ viewport: { width: 1120, height: 800 } });

  const writeSheet = async (name, shots) => {
    const images = shots.map(shot => `<img src="data:image/png;base64,${shot.toString('base64')}">`).join('');
    await sheet.setContent(
      `<body style="margin:16px;background:#888;display:flex;gap:20px;align-items:start">${images}`,
    );
    await sheet.screenshot({ path: `.screenshots/${name}`, fullPage: true });
  };
  return {
    page,
    faults,
    address,
    /** Names the scene in the faults that follow. */
    at,
    /** Puts several pictures side by side. */
    writeSheet,
    /** Closes everything, prints the faults and sets the exit code. */
    async close() {
      await browser.close();
      server.close();
      for (const fault of new Set(faults)) console.error(fault);
      process.exitCode = faults.length ? 1 : 0;
    },
  };
}

/** Texts that overlap one another, leave the panel or are cut off. */
export function layoutFaults() {
  const card = document.querySelector('.card');
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const parent = node.parentElement;
    if (!node.textContent.trim() || card.contains(parent) || parent.closest('.hidden-text, script, select'))
      continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    // Only a run's title may end in an ellipsis: the user named it, and a tooltip shows it whole.
    const shortened = parent.closest('.run .title')?.getBoundingClientRect();
    if (shortened) {
      texts.push({ text: node.textContent, box: shortened, parent });
      continue;
    }
    for (const box of range.getClientRects()) {
      if (box.width > 0) texts.push({ text: node.textContent.trim(), box, parent });
    }
  }
  const found = [];
  for (const { text, box, parent } of texts) {
    if (box.left < 0 || box.right > innerWidth + 0.5) found.push(`"${text}" leaves the panel`);
    for (let e = parent; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      // A strip of text shows as much of it as there is room for.
      if (style.overflow === 'visible' || e.matches('.text')) continue;
      const frame = e.getBoundingClientRect();
      if (box.right > frame.right + 0.5 || box.left < frame.left - 0.5) found.push(`"${text}" is cut off`);
    }
  }
  texts.forEach((a, i) => {
    for (const b of texts.slice(i + 1)) {
      const w = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const h = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (w > 1 && h > 4) found.push(`"${a.text}" overlaps "${b.text}"`);
    }
  });
  return found;
}

/** Mean and percentiles of times in ms. */
export const summary = times => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  const mean = (times.reduce((sum, t) => sum + t, 0) / times.length).toFixed(1);
  return `mean ${mean}, median ${at(0.5)}, 95 % ${at(0.95)}, 99 % ${at(0.99)}, max ${at(1)} ms`;
};
