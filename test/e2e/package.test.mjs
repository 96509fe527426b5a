// The package as a researcher installs it: nothing that it needs may be missing from it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { packageExtension } from '../vscode/package.mjs';
import { decorations, selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelRows, levelsIn, showLevels } from './lib/levels.mjs';
import { engines } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import { command, eventually, notification, openFile } from './lib/workbench.mjs';

let folder;
let session;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hopescope-vsix-'));
  session = await openSession({ vsix: await packageExtension(folder) });
});
after(async () => {
  await session?.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(context => keepEvidence(session, context));

test('the installed package trains', async () => {
  const { page } = session;
  const frame = await showLevels(page);
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on people.txt, line 1');
  await levelsIn(page, 'finished');
  const rows = await eventually(
    () => levelRows(frame),
    all => all[0]?.ticks > 0,
    { what: 'ticks in the raster' },
  );
  assert.ok(rows[0].updates > 0);
  assert.ok((await decorations(page)).length > 0);
  const [engine] = engines(session.server.pid);
  assert.ok(engine.command.includes(session.folder), `the engine runs from elsewhere: ${engine.command}`);
  await screenshot(page, 'installed-package');
});
