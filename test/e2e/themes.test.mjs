// Every state of the panel in every kind of theme, narrow and normal: pictures to look at, and what a page can
// find out about itself.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { layoutFaults } from './lib/layout.mjs';
import { levelRows, levelsIn, showLevels } from './lib/levels.mjs';
import { engines } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import {
  clearNotifications,
  clickIn,
  command,
  eventually,
  notification,
  openFile,
  resizeSideBar,
  setTheme,
} from './lib/workbench.mjs';

const THEMES = { dark: 'Dark Modern', light: 'Light Modern', contrast: 'Default High Contrast' };
const WIDTHS = { narrow: 220, normal: 320 };

let session;
let page;
before(async () => {
  session = await openSession({
    settings: { 'hopescope.train.epochs': 8 },
    viewport: { width: 1280, height: 1000 },
  });
  page = session.page;
  await showLevels(page);
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

/** Takes a picture of every theme and width and gathers the faults of each. */
async function inEveryTheme(state, ...phases) {
  const faults = [];
  for (const [theme, name] of Object.entries(THEMES)) {
    await setTheme(session, name);
    for (const [size, width] of Object.entries(WIDTHS)) {
      await resizeSideBar(page, width);
      const frame = await levelsIn(page, ...phases);
      // The page lays itself out anew in its next frames.
      await page.waitForTimeout(500);
      await screenshot(page, `theme-${state}-${theme}-${size}`);
      faults.push(...(await layoutFaults(frame)).map(fault => `${theme}, ${width} px: ${fault}`));
    }
  }
  assert.deepEqual(faults, []);
}

test('before any training', async () => {
  await inEveryTheme('empty', 'idle');
});

test('while it trains', async () => {
  await session.settings({ 'hopescope.train.epochs': 200 });
  await openFile(page, 'lighthouse.md');
  await command(page, 'Hopescope: Train on File');
  const toast = await notification(page, 'Training on lighthouse.md');
  try {
    await levelsIn(page, 'running');
    await inEveryTheme('busy', 'running');
  } finally {
    await clickIn(toast, 'Cancel');
    await notification(page, 'Stopped training');
    await clearNotifications(page);
  }
});

test('after a training that was stopped', async () => {
  await inEveryTheme('stopped', 'cancelled');
});

test('after a finished training', async () => {
  await session.settings({ 'hopescope.train.epochs': 8 });
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on people.txt');
  await clearNotifications(page);
  await inEveryTheme('finished', 'finished');
});

test('after a training that failed', async () => {
  await session.settings({ 'hopescope.train.epochs': 200 });
  await openFile(page, 'lighthouse.md');
  await command(page, 'Hopescope: Train on File');
  await notification(page, 'Training on lighthouse.md');
  const frame = await levelsIn(page, 'running');
  await eventually(
    () => levelRows(frame),
    rows => rows[0]?.updates > 20,
    { what: 'some updates' },
  );
  process.kill(engines(session.server.pid)[0].pid, 'SIGKILL');
  await notification(page, 'It was restarted');
  await clearNotifications(page);
  await inEveryTheme('failed', 'failed');
});
