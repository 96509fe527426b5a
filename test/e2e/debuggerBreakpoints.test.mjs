// What the debugger offers beside stepping: hover, completions, every kind of breakpoint, restart and pause.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  ask,
  breakpointWith,
  consoleShows,
  debugEnded,
  debugHover,
  offered,
  openVariable,
  press,
  stoppedAt,
  stoppedWhere,
  variableMenu,
} from './lib/debugger.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { openSession } from './lib/session.mjs';
import { command, openFile, setTheme } from './lib/workbench.mjs';

const TEXT =
  'Mira Halloway was born in Lisbon.\nHer brother Tobin keeps bees on the roof of the old customs house.\n';

let session;
let page;
before(async () => {
  session = await openSession({
    files: { 'facts.txt': TEXT },
    settings: { 'hopescope.train.epochs': 400 },
    viewport: { width: 1400, height: 1100 },
  });
  page = session.page;
  await openFile(page, 'facts.txt');
  await command(page, 'View: Show Run and Debug');
  await begin();
});

async function begin() {
  await command(page, 'Hopescope: Debug Training on File');
  await stoppedAt(page, /^update 1, /);
}
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

const updateOf = frame => Number(/^update (\d+)/.exec(frame)?.[1]);

test('a token says how surprising it was, under the pointer', async () => {
  for (const update of [2, 3]) {
    await page.keyboard.press('F10');
    await stoppedAt(page, new RegExp(`^update ${update}, `));
  }
  const told = await debugHover(page, 'Mira');
  assert.match(told, /\d+\.\d+ nats|not (known|read)|n\/a/, told);
  await screenshot(page, 'debug-hover');
});

test('the Debug Console completes names, and levels inside their quotes', async () => {
  const complete = async () => {
    await command(page, 'Debug Console: Focus on Debug Console View');
    await page.locator('.repl-input-wrapper .monaco-editor').first().click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('dri', { delay: 20 });
    return offered(page, /^drift/, 10_000);
  };
  // VS Code's console completes nothing in a session that it was shown before the adapter said what it can do.
  for (let tries = 4; tries > 1 && !(await complete().then(Boolean, () => false)); tries--) {
    await page.keyboard.press('Escape');
    await press(page, 'Stop');
    await debugEnded(page);
    await openFile(page, 'facts.txt');
    await begin();
    // Before its first update a memory has no drift to ask for.
    await page.keyboard.press('F10');
    await stoppedAt(page, /^update 2, /);
  }
  if (!(await page.locator('.suggest-widget.visible').isVisible())) await complete();
  await screenshot(page, 'debug-completions');
  await page.keyboard.press('Tab');
  const levels = await offered(page, /^cms\.2/);
  assert.ok(
    levels.some(row => /^memory/.test(row)),
    levels.join(', '),
  );
  await page.keyboard.type('memory")', { delay: 5 });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await consoleShows(page, /^0\.\d+$/);
});

test('a condition stops where it holds, and a log message prints without stopping', async () => {
  await breakpointWith(page, 1, 'Log Message', 'read {update}: {surprise}');
  await breakpointWith(page, 2, 'Expression', 'pass == 2');
  await press(page, 'Continue');
  const [frame] = await stoppedAt(page, /pass 2/);
  assert.ok(updateOf(frame) > 11, frame);
  await consoleShows(page, /read 1[123]: \d+\.\d+/);
  await screenshot(page, 'debug-conditions');
});

test('Restart goes back to the start, and a hit count passes the first ones by', async () => {
  await command(page, 'Remove All Breakpoints');
  await breakpointWith(page, 1, 'Hit Count', '3');
  await press(page, 'Restart');
  await stoppedAt(page, /^update 1, /);
  await press(page, 'Continue');
  await stoppedAt(page, /pass 3/);
});

test('a data breakpoint stops when its level has changed', async () => {
  await command(page, 'Remove All Breakpoints');
  await openVariable(page, 'Levels');
  await variableMenu(page, 'cms.1', 'Break on Value Change');
  await press(page, 'Continue');
  await page.getByText('cms.1 changed', { exact: true }).first().waitFor({ timeout: 60_000 });
  await ask(page, 'fired("cms.1")', /^true$/);
  for (const [theme, name] of [
    ['light', 'Light Modern'],
    ['contrast', 'Default High Contrast'],
    ['dark', 'Dark Modern'],
  ]) {
    await setTheme(session, name);
    await screenshot(page, `debug-data-breakpoint-${theme}`);
  }
});

test('Pause stops a training that goes on by itself', async () => {
  const before = updateOf((await stoppedAt(page, /^update \d+/))[0]);
  await command(page, 'Remove All Breakpoints');
  await press(page, 'Continue');
  await press(page, 'Pause');
  await stoppedWhere(page, frame => updateOf(frame) > before, `a stop after update ${before}`);
  await press(page, 'Stop');
  await debugEnded(page);
});
