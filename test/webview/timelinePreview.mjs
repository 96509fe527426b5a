// `node test/webview/timelinePreview.mjs [SCENE…|export|speed]`: pictures of the Timeline in every state, theme and
// width, in .screenshots/timeline-*.png. Fails when text overlaps or is cut off, when the content security policy is
// broken, or when the page logs an error.
import { mkdir, writeFile } from 'node:fs/promises';
import { layoutFaults, openPreview, summary } from './previewBrowser.mjs';

const only = process.argv.slice(2);
const WIDTHS = [1200, 800, 480];
const THEMES = ['dark', 'light', 'hc'];
const SCENES =
  'empty loading memories failed ready live zoomed focus hover passes stopped compare forgetting bare long'.split(
    ' ',
  );
const scenes = SCENES.filter(name => only.length === 0 || only.includes(name));

const { page, faults, address, at, writeSheet, close } = await openPreview({
  page: 'test/webview/timelinePreviewPage.ts',
  view: 'webviews/timeline/main.ts',
});

/** Opens one scene. */
async function open(scene, theme, width, more = '') {
  at.where = `${theme} ${scene} ${width}`;
  await page.mouse.move(0, 0);
  await page.setViewportSize({ width, height: 900 });
  await page.goto(`${address}?theme=${theme}&scene=${scene}${more}`);
}

/** Words that the playhead's line runs through. */
function crossedTexts() {
  const heads = document.querySelector('.heads');
  const line = heads?.querySelector('.playhead:not(.pointed, [hidden])');
  if (!line) return [];
  // What lies on top is asked of the pointer, which the line lets through.
  heads.style.pointerEvents = 'auto';
  const { left, right } = line.getBoundingClientRect();
  const crossed = [...document.querySelectorAll('.heat-scale > *, .track.fixed > .plot')].filter(words => {
    const box = words.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (box.top + box.bottom) / 2];
    return box.left < right && box.right > left && document.elementFromPoint(x, y) === line;
  });
  heads.style.pointerEvents = '';
  return crossed.map(words => `the playhead runs through "${words.textContent}"`);
}

await mkdir('.screenshots', { recursive: true });
for (const scene of scenes) {
  for (const theme of THEMES) {
    const shots = [];
    for (const width of WIDTHS) {
      await open(scene, theme, width);
      await page.evaluate(() => window.preview.play());
      const hover = await page.evaluate(() => window.preview.hover);
      if (hover) {
        await page.hover(hover, { position: { x: 200, y: 16 } });
        await page.waitForTimeout(400);
      }
      const found = [...(await page.evaluate(layoutFaults)), ...(await page.evaluate(crossedTexts))];
      for (const fault of found) faults.push(`${at.where}: ${fault}`);
      const shot = await page.evaluate(() => window.preview.shot);
      shots.push(await (shot ? page.locator(shot).screenshot() : page.screenshot({ fullPage: width < 700 })));
    }
    await writeSheet(`timeline-${theme}-${scene}.png`, shots);
  }
}

if (only.length === 0 || only.includes('export')) {
  for (const theme of THEMES) {
    await open('ready', theme, 1200);
    await page.evaluate(() => window.preview.play());
    const { text } = await page.evaluate(() => window.preview.exported('svg'));
    await writeFile(`.screenshots/timeline-export-${theme}.svg`, text);
    const png = await page.evaluate(async () => [...(await window.preview.exported('png')).bytes]);
    await writeFile(`.screenshots/timeline-export-${theme}.png`, Buffer.from(png));
  }
}

if (only.includes('speed')) {
  // The plot's width first, so that the engine's part of the answer can be made ready before.
  await open('long', 'dark', 1200);
  await page.evaluate(() => window.preview.opened());
  const columns = await page.evaluate(() => document.querySelector('.track .plot[role=slider]').clientWidth);
  const times = [];
  for (let i = 0; i < 5; i++) {
    await open('long', 'dark', 1200, `&columns=${columns}`);
    times.push(await page.evaluate(() => window.preview.opened()));
  }
  console.log(`opened   ${summary(times)}`);
  for (const [name, zoom] of [
    ['whole run', 0],
    ['window', 7],
  ]) {
    for (let i = 0; i < zoom; i++) await page.evaluate(() => window.preview.step('zoomIn'));
    await page.waitForTimeout(500);
    // The first pass has the made-up updates made, which an engine would do in a process of its own.
    await page.evaluate(() => window.preview.scrub(300));
    const { draws, intervals } = await page.evaluate(() => window.preview.scrub(300));
    console.log(`scrub ${name}, ${intervals.length} frames`);
    console.log(`  drawing  ${summary(draws)}`);
    console.log(`  interval ${summary(intervals)}`);
  }
}

await close();
