// A workspace that is not trusted: what Hopescope still does, and what it must not read.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { engines } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import { command, messageOf, notification, openFile, showInPalette } from './lib/workbench.mjs';

const RESTRICTED = {
  trust: true,
  // What happens to be a model folder's name; there is no model in it.
  files: {
    'model/config.json': '{}',
    '.vscode/settings.json': JSON.stringify({ 'hopescope.model.path': 'model' }),
  },
};
const SETTINGS = { 'security.workspace.trust.startupPrompt': 'never', 'hopescope.train.epochs': 1 };

let session;
afterEach(async context => {
  await keepEvidence(session, context);
  await session.close();
});

async function trainInRestrictedMode(settings) {
  session = await openSession({ ...RESTRICTED, settings: { ...SETTINGS, ...settings } });
  const { page } = session;
  await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  return page;
}

test('the bundled model trains, whatever model the workspace itself asks for', async () => {
  const page = await trainInRestrictedMode({});
  assert.match(await messageOf(await notification(page, 'Trained on people.txt, line 1')), /updates/);
  await screenshot(page, 'restricted-mode');
  const offered = await showInPalette(page, 'Hopescope: Install Native Backend');
  assert.ok(!offered.some(label => /Native Backend/.test(label)), offered.join());
  await page.keyboard.press('Escape');
});

test('a model that lies in the workspace is not read, even when the user asks for it', async () => {
  const page = await trainInRestrictedMode({ 'hopescope.model.path': 'model' });
  const told = await messageOf(await notification(page, 'not trusted'));
  assert.match(told, /lies in a workspace that is not trusted, so it is not read\..*Trust the workspace/);
  assert.deepEqual(engines(session.server.pid), []);
});
