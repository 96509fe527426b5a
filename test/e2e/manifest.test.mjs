import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelsIn, levelsText, showLevels } from './lib/levels.mjs';
import { manifest, paletteTitle } from './lib/manifest.mjs';
import { openSession } from './lib/session.mjs';
import { eventually, pane, showInPalette, statusBar } from './lib/workbench.mjs';

let session;
before(async () => {
  session = await openSession();
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

test('every command of the manifest is in the palette, unless it says otherwise', async () => {
  const { commands, menus } = manifest.contributes;
  const hidden = new Set((menus.commandPalette ?? []).filter(({ when }) => when).map(item => item.command));
  const titles = commands.filter(item => !hidden.has(item.command)).map(paletteTitle);
  assert.ok(titles.includes('Hopescope: Train on Selection'), titles.join('\n'));
  // The list holds only the rows that are in sight, so every title is looked for by itself.
  for (const title of titles) {
    await eventually(
      () => showInPalette(session.page, title),
      offered => offered.includes(title),
      { what: `the palette to offer ${title}` },
    );
    await session.page.keyboard.press('Escape');
  }
});

test('the side panel has the views of the manifest, each with something to say while it is empty', async () => {
  const { page } = session;
  await showLevels(page);
  const container = Object.values(manifest.contributes.views).flat();
  assert.deepEqual(container.map(view => view.name).sort(), ['Checkpoint', 'Levels', 'Probes', 'Runs']);
  for (const { name } of container) await pane(page, name).waitFor();

  const levels = await levelsIn(page, 'no-model', 'idle');
  assert.match(await levelsText(levels), /train on|model/i);
  for (const name of ['Checkpoint', 'Runs', 'Probes']) {
    const section = pane(page, name);
    if ((await section.getAttribute('class')).includes('expanded') === false)
      await section.locator('.pane-header').click();
    const welcome = section.locator('.welcome-view-content');
    const rows = section.locator('.monaco-list-row');
    await eventually(
      async () => (await welcome.allTextContents()).join('').trim().length + (await rows.count()),
      filled => filled > 0,
      { what: `${name} to show rows or a welcome text` },
    );
  }
  await screenshot(page, 'views-before-training');
});

test('activation leaves no error in the log of the extension host and an entry in the status bar', async () => {
  const entries = await eventually(
    () => statusBar(session.page),
    list => list.some(entry => /hopescope|hope/i.test(entry)),
    { what: 'an entry of Hopescope in the status bar' },
  );
  assert.ok(entries.length > 0);
});
