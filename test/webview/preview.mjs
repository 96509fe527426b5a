// Pictures of the Levels view in every state, theme and width, in .screenshots/preview-*.png.
// Fails when text overlaps or is cut off, when the content security policy is broken, or when the page logs an error.
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import esbuild from 'esbuild';
import { chromium } from 'playwright-core';

const only = process.argv.slice(2);
const WIDTHS = [220, 320, 480];
const THEMES = ['dark', 'light', 'hc'];
const SCENE_NAMES =
  'no-model loading idle start early running long passes cursor token hover finished cancelled failed six-cms';
const scenes = SCENE_NAMES.split(' ').filter(name => only.length === 0 || only.includes(name));

const { outputFiles } = await esbuild.build({
  entryPoints: { page: 'test/webview/previewPage.ts', view: 'webviews/levels/main.ts' },
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2023',
  outdir: 'out',
  logLevel: 'warning',
});
const files = new Map(outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/')), contents]));
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
let where = '';
page.on('console', message => {
  if (['error', 'warning'].includes(message.type()) && !message.text().includes('favicon')) {
    faults.push(`${where}: ${message.text()}`);
  }
});
page.on('pageerror', error => faults.push(`${where}: ${error.stack}`));
const sheet = await browser.newPage({ viewport: { width: 1120, height: 800 } });

/** Opens one scene. */
async function open(scene, theme, width, height = 760) {
  where = `${theme} ${scene} ${width}`;
  await page.mouse.move(0, 0);
  await page.setViewportSize({ width, height });
  await page.goto(`${address}?theme=${theme}&scene=${scene}`);
  await page.evaluate(() => window.preview.play());
  const hover = await page.evaluate(() => window.preview.hover);
  if (hover) {
    await page.hover(hover);
    await page.waitForTimeout(400);
  }
}

/** Texts that overlap one another, leave the panel or are cut off. */
function layoutFaults() {
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
      if (style.overflow === 'visible') continue;
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

await mkdir('.screenshots', { recursive: true });
for (const theme of THEMES) {
  for (const scene of scenes) {
    const shots = [];
    for (const width of WIDTHS) {
      await open(scene, theme, width);
      for (const fault of await page.evaluate(layoutFaults)) faults.push(`${where}: ${fault}`);
      const height = await page.evaluate(() =>
        Math.max(60, document.querySelector('main')?.scrollHeight ?? 0),
      );
      shots.push(await page.screenshot({ clip: { x: 0, y: 0, width, height: Math.min(height, 760) } }));
    }
    await writeSheet(`preview-${theme}-${scene}.png`, shots);
  }
}

/** Puts the widths of one state side by side. */
async function writeSheet(name, shots) {
  const images = shots.map(shot => `<img src="data:image/png;base64,${shot.toString('base64')}">`).join('');
  await sheet.setContent(
    `<body style="margin:16px;background:#888;display:flex;gap:20px;align-items:start">${images}`,
  );
  await sheet.screenshot({ path: `.screenshots/${name}`, fullPage: true });
}

if (only.length === 0 || only.includes('export')) {
  for (const theme of THEMES) {
    await open('running', theme, 320);
    const { text } = await page.evaluate(() => window.preview.exported('svg'));
    await writeFile(`.screenshots/preview-export-${theme}.svg`, text);
    const png = await page.evaluate(async () => [...(await window.preview.exported('png')).bytes]);
    await writeFile(`.screenshots/preview-export-${theme}.png`, Buffer.from(png));
  }
}

const summary = times => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  const mean = (times.reduce((sum, t) => sum + t, 0) / times.length).toFixed(1);
  return `mean ${mean}, median ${at(0.5)}, 95 % ${at(0.95)}, 99 % ${at(0.99)}, max ${at(1)} ms`;
};
if (only.length === 0 || only.includes('speed')) {
  for (const scene of ['start', 'long']) {
    await open(scene, 'dark', 320);
    const { draws, intervals } = await page.evaluate(() => window.preview.stream(20000, 64));
    const window = await page.evaluate(() => document.querySelector('.window').textContent);
    console.log(`20000 tokens, window ${window}, ${intervals.length} frames`);
    console.log(`  drawing  ${summary(draws)}`);
    console.log(`  interval ${summary(intervals)}`);
  }
}

await browser.close();
server.close();
for (const fault of new Set(faults)) console.error(fault);
process.exitCode = faults.length ? 1 : 0;
