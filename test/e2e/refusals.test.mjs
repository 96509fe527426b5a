// Input that cannot be trained on, or that must be asked about first: a clear message, and nothing has changed.
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { root } from '../vscode/setup.mjs';
import { decorations, goTo, selectAll, selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelRows, levelsIn, showLevels } from './lib/levels.mjs';
import { engines } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import {
  chooseInMenu,
  clearNotifications,
  clickIn,
  command,
  dialog,
  eventually,
  messageOf,
  notification,
  openFile,
  statusBar,
} from './lib/workbench.mjs';

const HUGE_BYTES = 20_000_000;
const UNICODE = 'שלום 🧑‍🚀👩‍👩‍👧 e\u0301 ﷽ \u202eright to left\u202c 日本語 \u{1D54F} ZWJ\u200d end';

let session;
let page;
let frame;
/** Rows of the Levels view after the one good training, which no refusal may change. */
let untouched;

before(async () => {
  const sentence = 'The tide came in, and nobody on the quay had read the table of the tides.\n';
  session = await openSession({
    files: {
      'blank.txt': ' \n\t\n   \n',
      'empty.txt': '',
      'weights.bin': Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256)),
      'unicode.txt': `${UNICODE}\n`,
      'huge.txt': sentence.repeat(Math.ceil(HUGE_BYTES / sentence.length)),
    },
    settings: {
      'hopescope.train.epochs': 1,
      // VS Code itself asks before it shows a text of more megabytes than this.
      'workbench.editorLargeFileConfirmation': 64,
    },
  });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

async function nothingChanged() {
  assert.deepEqual(await levelRows(frame), untouched);
}

test('any Unicode trains, and every visible character keeps its place', async () => {
  await openFile(page, 'unicode.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on unicode.txt, line 1');
  const marks = await eventually(
    () => decorations(page),
    all => all.length > 0,
    { what: 'decorations' },
  );
  assert.ok(marks.filter(({ inline }) => !inline).length > 5);
  await screenshot(page, 'unicode');
  frame = await showLevels(page);
  await levelsIn(page, 'finished');
  untouched = await eventually(
    () => levelRows(frame),
    rows => rows[0]?.updates > 0,
    { what: 'updates' },
  );
  await clearNotifications(page);
});

test('an empty selection is refused and offers the whole file', async () => {
  await openFile(page, 'people.txt');
  await goTo(page, 2);
  await command(page, 'Hopescope: Train on Selection');
  const toast = await notification(page, 'Nothing is selected.');
  assert.match(await messageOf(toast), /Select the text to train on, or train on the whole file/);
  await nothingChanged();
  await clearNotifications(page);
});

test('white space is refused', async () => {
  await openFile(page, 'blank.txt');
  await selectAll(page);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'holds only white space');
  await nothingChanged();
  await clearNotifications(page);
});

test('an empty file is refused', async () => {
  await openFile(page, 'empty.txt');
  await command(page, 'Hopescope: Train on File');
  await notification(page, '“empty.txt” is empty.');
  await nothingChanged();
  await clearNotifications(page);
});

test('a binary file, chosen in the Explorer, is refused', async () => {
  await command(page, 'View: Show Explorer');
  const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'weights.bin' });
  await row.click({ button: 'right' });
  await chooseInMenu(page, 'Train on File');
  await notification(page, '“weights.bin” is not text');
  frame = await showLevels(page);
  await levelsIn(page, 'finished');
  await eventually(
    () => levelRows(frame),
    rows => rows[0]?.ticks > 0,
    { what: 'the view to be filled again' },
  );
  await nothingChanged();
  await clearNotifications(page);
});

test('a selection of 20 MB is asked about first', async () => {
  await openFile(page, 'huge.txt');
  await selectAll(page);
  await command(page, 'Hopescope: Train on Selection');
  const box = await dialog(page);
  assert.match(await box.textContent(), /20\.0 MB of text, one pass\..*You can stop at any time\./);
  await screenshot(page, 'huge-selection-asks');
  await box.locator('.monaco-button', { hasText: 'Cancel' }).click();
  await box.waitFor({ state: 'detached' });
  await nothingChanged();
});

test('a selection of 20 MB trains piece by piece and can be cancelled', async () => {
  await command(page, 'Hopescope: Train on Selection');
  const box = await dialog(page);
  await box.locator('.monaco-button', { hasText: 'Train' }).first().click();
  await levelsIn(page, 'running');
  const first = await eventually(
    () => levelRows(frame),
    rows => rows[0]?.updates > 0,
    {
      timeout: 60_000,
      what: 'the first updates of the huge text, long before it is read',
    },
  );
  assert.ok(first[0].updates < HUGE_BYTES / 100);
  await clickIn(await notification(page, 'Training on huge.txt'), 'Cancel');
  await notification(page, 'Stopped training on huge.txt');
  await clearNotifications(page);
  untouched = await levelRows(await levelsIn(page, 'cancelled'));
});

test('a setting out of range is named with what is allowed', async () => {
  await session.settings({ 'hopescope.train.epochs': 0 });
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await clearNotifications(page);
  await command(page, 'Hopescope: Train on Selection');
  const told = await messageOf(await notification(page, 'The setting hopescope'));
  assert.equal(told, 'The setting hopescope.train.epochs is 0 but must be a whole number from 1 to 10000.');
  await nothingChanged();
  await session.settings({ 'hopescope.train.epochs': 1 });
  await clearNotifications(page);
});

test('a damaged model is refused, and the loaded one stays', async () => {
  const damaged = join(session.workspace, 'damaged');
  await mkdir(damaged);
  const model = join(root, 'media/hope-mini');
  for (const name of await readdir(model)) await cp(join(model, name), join(damaged, name));
  await truncate(join(damaged, 'model.safetensors'), 100_000);
  const own = async () => (await statusBar(page)).find(entry => entry.includes('Hopescope'));
  const before = await own();
  await session.settings({ 'hopescope.model.path': damaged });
  const told = await messageOf(await notification(page, 'model.safetensors'));
  assert.match(told, /damaged/);
  await eventually(own, entry => entry === before, { what: `the status bar to say ${before} again` });
  await nothingChanged();
  assert.equal(engines(session.server.pid).length, 1);
  await clearNotifications(page);

  await writeFile(join(damaged, 'config.json'), '{');
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'config.json');
  await nothingChanged();
  await session.settings({ 'hopescope.model.path': undefined });
  await clearNotifications(page);
});
