// Backends: what each was measured at, and the native one from its installation to its removal.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { ensureNative } from '../native/ensure.mjs';
import { ensureNode, root } from '../vscode/setup.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { engines } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import {
  clearNotifications,
  clickIn,
  command,
  eventually,
  messageOf,
  notification,
  openFile,
  pick,
  showInPalette,
  statusBar,
} from './lib/workbench.mjs';

let session;
let page;
let native;
before(async () => {
  await ensureNative((await ensureNode()).binary);
  native = JSON.parse(await readFile(join(root, '.native/state.json'), 'utf8'));
  session = await openSession({ settings: { 'hopescope.train.epochs': 2 } });
  page = session.page;
  // The Python environment of a workspace is where one looks for it.
  if (native.python) await symlink(join(root, '.native/python'), join(session.workspace, '.venv'));
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

const ownEntry = async () => (await statusBar(page)).find(entry => /hope-mini/.test(entry)) ?? '';

async function train() {
  await openFile(page, 'people.txt');
  await command(page, 'Hopescope: Train on File');
  await notification(page, 'Trained on people.txt', { timeout: 120_000 });
  await clearNotifications(page);
}

/** Kills the engine as a crash of native code does. */
async function crashEngine() {
  const [engine] = engines(session.server.pid);
  process.kill(engine.pid, 'SIGSEGV');
}

test('backends are measured by themselves when nothing goes on', async () => {
  await train();
  const path = join(session.folder, 'user-data/User/globalStorage/hopescope.hopescope/backends.json');
  await eventually(() => existsSync(path), Boolean, { timeout: 240_000, what: 'a measurement' });
  const { verdicts } = JSON.parse(await readFile(path, 'utf8'));
  const [{ timings }] = Object.values(verdicts);
  assert.deepEqual(timings.map(({ name }) => name).sort(), ['cpu', 'tensorflow', 'wasm', 'webgpu']);
  // A run ends on the backend that it began on.
  assert.match(await ownEntry(), /wasm/);
});

test('Measure Backends says what a tick takes on each, and why others cannot be used', async () => {
  await command(page, 'Hopescope: Measure Backends');
  const toast = await notification(page, 'ms a tick', { timeout: 180_000 });
  const told = await messageOf(toast);
  assert.match(told, /wasm: [\d.]+ ms a tick/);
  assert.match(told, /cpu: [\d.]+ ms a tick/);
  assert.match(told, /TensorFlow: not installed/);
  await screenshot(page, 'backends-measured');
  await clearNotifications(page);
  await page.locator('.statusbar-item', { hasText: 'hope-mini' }).hover();
  const hover = page.locator('.monaco-hover:visible', { hasText: 'Measured on this model' }).first();
  await hover.waitFor();
  assert.match(await hover.textContent(), /TensorFlow: not installed/);
  await screenshot(page, 'backends-tooltip');
  await page.locator('.statusbar-item', { hasText: 'hope-mini' }).click();
  await page.mouse.move(1, 1);
  await page.locator('.quick-input-widget', { hasText: 'Measure Backends' }).waitFor();
  await screenshot(page, 'backends-menu');
  await page.keyboard.press('Escape');
  // The focus goes back to the status bar, whose hover shows for as long as it is there.
  await page.locator('.view-lines').first().click();
  await page.mouse.move(1, 1);
  await hover.waitFor({ state: 'hidden' });
});

test('Install Native Backend… offers four sources', async () => {
  await command(page, 'Hopescope: Install Native Backend…');
  await page.locator('.quick-input-widget', { hasText: 'TensorFlow of a Python environment' }).waitFor();
  await screenshot(page, 'backends-install');
  await page.keyboard.press('Escape');
});

test('an installation that is cancelled leaves nothing', async context => {
  if (!native.python) return context.skip(native.reason);
  await command(page, 'Hopescope: Install Native Backend…');
  await pick(page, 'TensorFlow of a Python environment');
  await pick(page, '.venv');
  const toast = await notification(page, 'Installing the native backend');
  await notification(page, 'downloading the package');
  await screenshot(page, 'backends-installing');
  await clickIn(toast, 'Cancel');
  await notification(page, 'Cancelled; nothing was changed.');
  const storage = join(session.folder, 'user-data/User/globalStorage');
  assert.ok(!existsSync(join(storage, 'hopescope.hopescope/native')));
  await clearNotifications(page);
});

test('TensorFlow of a Python environment is installed, trains, crashes, and is removed', async context => {
  if (!native.python) return context.skip(native.reason);
  await command(page, 'Hopescope: Install Native Backend…');
  await pick(page, 'TensorFlow of a Python environment');
  await pick(page, '.venv');
  const told = await notification(page, 'TensorFlow CPU is installed', { timeout: 180_000 });
  assert.match(await messageOf(told), /\(TensorFlow 2\.\d+\.\d+\)/);
  await clearNotifications(page);

  await session.settings({ 'hopescope.engine.backend': 'tensorflow' });
  await clickIn(await notification(page, 'The engine settings count from the next start'), 'Restart Engine');
  await notification(page, 'The engine was restarted.');
  await eventually(ownEntry, entry => entry.includes('TensorFlow CPU'), {
    what: 'the backend in the status bar',
  });
  await clearNotifications(page);
  await train();
  await screenshot(page, 'backends-tensorflow');

  await openFile(page, 'lighthouse.md');
  await command(page, 'Hopescope: Train on File');
  const toast = await notification(page, 'Training on lighthouse.md');
  await eventually(
    () => messageOf(toast),
    text => / [1-9]\d* %/.test(text),
    { timeout: 60_000, what: 'progress of the training' },
  );
  await crashEngine();
  const back = await messageOf(await notification(page, 'is not used any more'));
  assert.match(back, /^The Hopescope engine stopped \(.*SIGSEGV.*\)\. TensorFlow is not used any more/);
  assert.match(back, /wasm took its place\. It was restarted; the memory is back at update [1-9]/);
  assert.match(back, /The training goes on from there\.$/);
  await notification(page, 'Going on with training on lighthouse.md');
  await eventually(ownEntry, entry => entry.includes('wasm'), { what: 'the next backend in the status bar' });
  await screenshot(page, 'backends-dropped');
  await notification(page, 'Trained on lighthouse.md', { timeout: 120_000 });
  await clearNotifications(page);
  await train();

  await command(page, 'Hopescope: Uninstall Native Backend');
  await notification(page, 'The native backend was removed.', { timeout: 120_000 });
});

test('the commands are in the palette', async () => {
  for (const title of ['Measure Backends', 'Install Native Backend…', 'Uninstall Native Backend']) {
    const labels = await showInPalette(page, `Hopescope: ${title}`);
    assert.ok(labels.includes(`Hopescope: ${title}`), labels.join());
    await page.keyboard.press('Escape');
  }
});
