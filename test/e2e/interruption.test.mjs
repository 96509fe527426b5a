// Trainings that do not reach their end: cancelled, doubled, and with the engine killed under them.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelRows, levelsIn, levelsText, showLevels } from './lib/levels.mjs';
import { engines, extensionHosts } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import {
  clearNotifications,
  clickIn,
  command,
  eventually,
  messageOf,
  notification,
  notifications,
  openFile,
} from './lib/workbench.mjs';

let session;
let page;
before(async () => {
  session = await openSession({ settings: { 'hopescope.train.epochs': 24 } });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

/** Starts a training that takes a while and answers its toast once it is under way. */
async function startLong() {
  await openFile(page, 'lighthouse.md');
  await command(page, 'Hopescope: Train on File');
  const toast = await notification(page, 'Training on lighthouse.md');
  await progressOf(toast, percent => percent >= 1);
  return toast;
}

/** Waits until the toast's percentage holds; answers it. */
function progressOf(toast, holds) {
  const read = async () => Number(/(\d+) %/.exec(await messageOf(toast))?.[1] ?? Number.NaN);
  return eventually(read, holds, { timeout: 120_000, what: 'the progress of the training' });
}

const total = rows => rows.reduce((sum, { updates }) => sum + updates, 0);

test('Cancel in the notification stops a training on its way and keeps what was learned', async () => {
  await showLevels(page);
  const toast = await startLong();
  const frame = await levelsIn(page, 'running');
  assert.match(await messageOf(toast), /token .+ of .+, .+ tokens\/s/);
  await progressOf(toast, percent => percent >= 4);
  await screenshot(page, 'training-on-its-way');
  const seen = total(await levelRows(frame));
  await clickIn(toast, 'Cancel');

  const done = await messageOf(await notification(page, 'Stopped training on lighthouse.md'));
  const updates = Number(/after ([\d\u2009]+) updates/.exec(done)[1].replaceAll('\u2009', ''));
  assert.ok(updates > 0, done);
  await levelsIn(page, 'cancelled');
  const text = await levelsText(frame);
  assert.match(text, /Stopped/);
  const rows = await levelRows(frame);
  assert.ok(total(rows) >= seen, 'updates were lost');
  assert.ok(Number(rows[0].drift) > 0, 'the memory forgot what it had learned');
  await clearNotifications(page);
});

test('a second training is refused in words while one runs, which goes on', async () => {
  const toast = await startLong();
  const before = await progressOf(toast, percent => percent >= 1);
  await command(page, 'Hopescope: Train on File');
  const refusal = await notification(page, 'One training runs at a time; nothing was started.');
  assert.match(await messageOf(refusal), /Hopescope is training on lighthouse\.md/);
  await progressOf(toast, percent => percent > before);
  await levelsIn(page, 'running');
  await command(page, 'Hopescope: Train on File');
  await clickIn(await notification(page, 'One training runs at a time'), 'Stop Current');
  await notification(page, 'Stopped training on lighthouse.md');
  await clearNotifications(page);
});

test('Hopescope: Stop ends a training as well', async () => {
  await startLong();
  await command(page, 'Hopescope: Stop');
  await notification(page, 'Stopped training on lighthouse.md');
  await clearNotifications(page);
});

test('an engine killed in a training is told of, comes back with its memory, and goes on', async () => {
  const { pid } = session.server;
  const hosts = extensionHosts(pid).map(host => host.pid);
  assert.equal(hosts.length, 1);
  const toast = await startLong();
  await progressOf(toast, percent => percent >= 4);
  const frame = await levelsIn(page, 'running');
  const [engine, ...others] = engines(pid);
  assert.ok(engine, 'no engine process');
  assert.deepEqual(others, [], 'more than one engine process');
  process.kill(engine.pid, 'SIGKILL');

  const back = await notification(page, 'It was restarted');
  const told = await messageOf(back);
  assert.match(told, /^The Hopescope engine stopped \(.*SIGKILL.*\)/);
  assert.match(told, /It was restarted; the memory is back at update [1-9]/);
  await levelsIn(page, 'failed');
  await screenshot(page, 'engine-killed');
  const text = await levelsText(frame);
  const [, stoppedAt] = /Training stopped at token ([\d\u2009 ]+)/.exec(text) ?? [];
  const [, read] = /updates, ([\d\u2009 ]+) tokens/.exec(text) ?? [];
  assert.ok(stoppedAt, text);
  assert.equal(stoppedAt.trim(), read?.trim(), text);
  const kept = /Updates 1 to ([\d\u2009 ]+) are kept/.exec(text);
  assert.ok(kept, text);
  assert.deepEqual(
    extensionHosts(pid).map(host => host.pid),
    hosts,
    'the extension host did not survive',
  );

  const [successor] = await eventually(
    () => engines(pid),
    list => list.length === 1,
    { what: 'one engine' },
  );
  assert.notEqual(successor.pid, engine.pid);
  await clickIn(back, 'Continue Training');
  const further = await notification(page, 'Going on with training on lighthouse.md');
  assert.ok((await progressOf(further, percent => percent >= 4)) < 60);
  await levelsIn(page, 'running');
  await screenshot(page, 'engine-killed-going-on');
  await clickIn(further, 'Cancel');
  await notification(page, 'Stopped training on lighthouse.md');
  await clearNotifications(page);
  // Those that follow are to reach their end.
  await session.settings({ 'hopescope.train.epochs': 2 });
  await openFile(page, 'people.txt');
  await command(page, 'Hopescope: Train on File');
  assert.match(await messageOf(await notification(page, 'Trained on people.txt')), /[1-9]\d* updates/);
  await levelsIn(page, 'finished');
});

test('an engine killed while it has nothing to do comes back as well', async () => {
  await clearNotifications(page);
  const { pid } = session.server;
  process.kill(engines(pid)[0].pid, 'SIGKILL');
  const told = await messageOf(await notification(page, 'It was restarted'));
  assert.match(told, /the memory is back at update [1-9]/);
  await clearNotifications(page);
  await openFile(page, 'people.txt');
  await command(page, 'Hopescope: Train on File');
  await notification(page, 'Trained on people.txt');
  assert.ok(!(await notifications(page)).some(text => /error/i.test(text)));
});
