// The debugger as the stepper of a training: its own buttons and views, with the real engine behind them.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  ask,
  consoleShows,
  debugEnded,
  openVariable,
  press,
  stoppedAt,
  toggleBreakpoint,
  variables,
} from './lib/debugger.mjs';
import { selectAll, selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelRows, levelsIn, showLevels } from './lib/levels.mjs';
import { engines } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import {
  answerInput,
  clearNotifications,
  command,
  eventually,
  messageOf,
  notification,
  openFile,
  statusBar,
} from './lib/workbench.mjs';

let session;
let page;
before(async () => {
  session = await openSession({
    settings: { 'hopescope.train.epochs': 2 },
    viewport: { width: 1400, height: 900 },
  });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

const status = async () => (await statusBar(page)).find(entry => /hope-mini/.test(entry)) ?? '';

test('Debug Training on Selection stops on entry, at the first tokens, without a launch configuration', async () => {
  await command(page, 'Hopescope: Probe…');
  await answerInput(page, 'Mira Halloway was born in => Lisbon');
  await notification(page, 'p(“Lisbon”) =');
  await clearNotifications(page);
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'View: Show Run and Debug');
  await command(page, 'Hopescope: Debug Training on Selection');
  const [frame] = await stoppedAt(page, /^update 1, /);
  assert.match(frame, /^update 1, tokens 0 to \d+, pass 1/);
  await page.locator('.editor-instance .codicon-debug-stackframe').first().waitFor();
  await eventually(status, text => /stepping, update 0/.test(text), {
    what: 'the status bar to say stepping',
  });
  await screenshot(page, 'debug-entry');
});

test('F10 trains one update, and the levels show it; Step Back takes it back', async () => {
  for (const update of [2, 3, 4]) {
    await page.keyboard.press('F10');
    await stoppedAt(page, new RegExp(`^update ${update}, `));
  }
  await eventually(status, text => /stepping, update 3/.test(text), { what: 'update 3 in the status bar' });
  await eventually(
    () => variables(page),
    rows => rows.some(row => /^update.*3/.test(row)),
    { what: 'three updates' },
  );
  await screenshot(page, 'debug-stepped');
  await press(page, 'Step Back');
  await stoppedAt(page, /^update 3, /);
  await eventually(status, text => /stepping, update 2/.test(text), { what: 'update 2 in the status bar' });
});

test('the Variables view has levels, blocks and tensors with their numbers', async () => {
  // Rows that are scrolled out of sight are not in the page.
  await page.setViewportSize({ width: 1400, height: 2000 });
  await openVariable(page, 'Levels');
  const levels = await eventually(
    () => variables(page),
    rows => rows.some(row => /cms\.0/.test(row)),
    {
      what: 'the levels',
    },
  );
  assert.ok(
    levels.some(row => /^memory.*drift \d/.test(row)),
    levels.join('\n'),
  );
  await openVariable(page, 'memory');
  await openVariable(page, 'block 0');
  const tensors = await eventually(
    () => variables(page),
    rows => rows.some(row => /‖Δ‖/.test(row)),
    {
      what: 'the tensors',
    },
  );
  assert.ok(
    tensors.some(row => /\[[\d, ]+\] F32, ‖W‖ [\d.]+, ‖Δ‖ [\d.e-]+/.test(row)),
    tensors.join('\n'),
  );
  await screenshot(page, 'debug-variables');
  await page.setViewportSize({ width: 1400, height: 900 });
});

test('Step Into goes through the levels of an update', async () => {
  await press(page, 'Step Into');
  const [level, update] = await stoppedAt(page, /writes what it read/);
  assert.match(level, /^(memory|projections) writes/);
  assert.match(update, /^update 3, /);
  await screenshot(page, 'debug-inside-update');
  await press(page, 'Step Out');
  await stoppedAt(page, /^update 4, /);
});

test('the Debug Console scores a probe on the memory as it is, and explains itself', async () => {
  await command(page, 'Debug Console: Focus on Debug Console View');
  const before = Number(await ask(page, 'p("Lisbon" | "Mira Halloway was born in")', /^[\d.e-]+$/));
  assert.ok(before > 0 && before < 1, String(before));
  await ask(page, 'drift("memory")', /^0\.\d+|^[\d.]+e-\d+/);
  await ask(page, 'suprise > 6', /did you mean surprise\?/);
  await ask(page, 'help', /Numbers of the last update/);
  await screenshot(page, 'debug-console');
});

test('a second training and a second session are refused in words', async () => {
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  const refusal = await notification(page, 'One training runs at a time; nothing was started.');
  assert.match(await messageOf(refusal), /Hopescope is training on people\.txt/);
  await clearNotifications(page);
  await command(page, 'Hopescope: Debug Training on File');
  await notification(page, 'One training runs at a time; nothing was started.');
  await clearNotifications(page);
});

test('Stop ends the training where the cursor is, and the other views say so', async () => {
  await press(page, 'Stop');
  await debugEnded(page);
  await showLevels(page);
  const frame = await levelsIn(page, 'cancelled');
  const rows = await levelRows(frame);
  assert.equal(rows.find(({ id }) => id === 'memory').updates, 3);
  const text = await eventually(status, entry => !/stepping/.test(entry), { what: 'the end of stepping' });
  assert.match(text, /hope-mini/);
  await screenshot(page, 'debug-stopped');
});

test('a breakpoint on a line stops before the line is trained on, and the end is stopped at too', async () => {
  await openFile(page, 'people.txt');
  await toggleBreakpoint(page, 3);
  await selectAll(page);
  await command(page, 'View: Show Run and Debug');
  await command(page, 'Hopescope: Debug Training on Selection');
  await stoppedAt(page, /^update 1, /);
  await press(page, 'Continue');
  const [frame] = await stoppedAt(page, /^update (?!1,)\d+, .*pass 1/);
  await page
    .locator('.editor-instance .codicon-debug-breakpoint-stackframe, .codicon-debug-stackframe')
    .first()
    .waitFor();
  await screenshot(page, 'debug-breakpoint');
  await press(page, 'Continue');
  await stoppedAt(page, /pass 2/);
  await press(page, 'Reverse');
  assert.deepEqual(await stoppedAt(page, /pass 1/), [frame]);
  await press(page, 'Continue');
  await stoppedAt(page, /pass 2/);
  await press(page, 'Continue');
  await stoppedAt(page, /^end, \d+ updates/);
  await press(page, 'Continue');
  await debugEnded(page);
});

test('an engine killed in a session is told of, the session ends, and the memory comes back', async () => {
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Debug Training on Selection');
  await stoppedAt(page, /^update 1, /);
  await page.keyboard.press('F10');
  await stoppedAt(page, /^update 2, /);
  process.kill(engines(session.server.pid)[0].pid, 'SIGKILL');
  await debugEnded(page);
  await consoleShows(page, /The engine stopped \(.*SIGKILL.*\)\. What was recorded is kept/);
  const told = await messageOf(await notification(page, 'It was restarted'));
  assert.match(told, /the memory is back at update [1-9]/);
  await clearNotifications(page);
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on people.txt');
});
