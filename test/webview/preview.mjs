// `node test/webview/preview.mjs [SCENE…]`: pictures of the Levels view in every state, theme and width, in .screenshots/preview-*.png.
// Fails when text overlaps or is cut off, when the content security policy is broken, or when the page logs an error.
import { mkdir, writeFile } from 'node:fs/promises';
import { layoutFaults, openPreview, summary } from './previewBrowser.mjs';

const only = process.argv.slice(2);
const WIDTHS = [220, 320, 480];
const THEMES = ['dark', 'light', 'hc'];
const SCENE_NAMES =
  'no-model loading idle start early running memories long passes cursor token hover finished cancelled failed six-cms';
const scenes = SCENE_NAMES.split(' ').filter(name => only.length === 0 || only.includes(name));

const { page, faults, address, at, writeSheet, close } = await openPreview({
  page: 'test/webview/previewPage.ts',
  view: 'webviews/levels/main.ts',
});

/** Opens one scene. */
async function open(scene, theme, width, height = 760) {
  at.where = `${theme} ${scene} ${width}`;
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

await mkdir('.screenshots', { recursive: true });
for (const theme of THEMES) {
  for (const scene of scenes) {
    const shots = [];
    for (const width of WIDTHS) {
      await open(scene, theme, width);
      for (const fault of await page.evaluate(layoutFaults)) faults.push(`${at.where}: ${fault}`);
      const height = await page.evaluate(() =>
        Math.max(60, document.querySelector('main')?.scrollHeight ?? 0),
      );
      shots.push(await page.screenshot({ clip: { x: 0, y: 0, width, height: Math.min(height, 760) } }));
    }
    await writeSheet(`preview-${theme}-${scene}.png`, shots);
  }
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

await close();
