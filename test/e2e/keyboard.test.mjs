// Everything of a first training by keyboard alone: this file never moves the pointer.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelsIn } from './lib/levels.mjs';
import { openSession } from './lib/session.mjs';
import { eventually, messageOf, notification, PATIENT, pane } from './lib/workbench.mjs';

let session;
let page;
before(async () => {
  session = await openSession();
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

/** Types into the quick input that a key has opened and takes the entry of exactly this label. */
async function choose(key, text, label) {
  await page.keyboard.press(key);
  const widget = page.locator('.quick-input-widget:visible');
  await widget.waitFor(PATIENT);
  await page.keyboard.type(text);
  const first = widget.locator('.monaco-list-row.focused .label-name');
  const offered = async () => {
    const found = await first.textContent(PATIENT);
    // Another command of like name may stand above it.
    const listed = await widget.locator('.monaco-list-row .label-name').allTextContents();
    if (found !== label && listed.includes(label)) await page.keyboard.press('ArrowDown');
    return found;
  };
  await eventually(offered, found => found === label, { what: `${label} to be offered` });
  await page.keyboard.press('Enter');
}

/** What has the keyboard in a page: role, name and value. */
const focusIn = frame =>
  frame.evaluate(() => {
    const { activeElement: at } = document;
    const { role, ariaLabel, ariaValueNow, ariaValueText } = at;
    return { tag: at.localName, role, ariaLabel, value: Number(ariaValueNow), text: ariaValueText };
  });

/** Presses Tab until the focus in a page holds. */
async function tabTo(frame, holds) {
  for (let i = 0; i < 15; i++) {
    const focus = await focusIn(frame);
    if (holds(focus)) return focus;
    await page.keyboard.press('Tab');
    await page.waitForTimeout(50);
  }
  throw new Error(`Tab does not reach it; last at ${JSON.stringify(await focusIn(frame))}`);
}

test('selects a sentence and trains by the default key', async () => {
  await choose('Control+p', 'people.txt', 'people.txt');
  await page.locator('.tab.active', { hasText: 'people.txt' }).waitFor(PATIENT);
  await page.locator('.monaco-editor.focused').first().waitFor(PATIENT);
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Shift+End');
  await page.locator('.statusbar-item', { hasText: /selected\)/ }).waitFor(PATIENT);
  await page.keyboard.press('Control+Alt+t');
  assert.match(await messageOf(await notification(page, 'Trained on people.txt, line 1')), /updates/);
});

test('reads the numbers of a token in the editor', async () => {
  const hover = page.locator('.monaco-hover:visible', { hasText: 'surprise when first read' }).first();
  const ask = async () => {
    // Whatever else shows a hover by the same keys when it has the focus.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+1');
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Control+i');
    return hover.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
  };
  await eventually(ask, Boolean, { what: 'the hover' });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
});

test('steps through the updates and the levels of the Levels view', async () => {
  await choose('F1', 'Hopescope: Show Levels', 'Hopescope: Show Levels');
  const frame = await levelsIn(page, 'finished');
  await eventually(() => frame.evaluate(() => document.hasFocus()), Boolean, { what: 'focus in the view' });
  const newest = await tabTo(frame, ({ role }) => role === 'slider');
  assert.match(newest.text, /^newest, update \d+/);
  await page.keyboard.press('ArrowLeft');
  await eventually(
    () => focusIn(frame),
    ({ value }) => value === newest.value - 1,
    { what: 'one update back' },
  );
  await page.keyboard.press('Home');
  await eventually(
    () => focusIn(frame),
    ({ value }) => value === 1,
    { what: 'the first update' },
  );
  await screenshot(page, 'keyboard-first-update');
  await page.keyboard.press('End');
  await eventually(
    () => focusIn(frame),
    ({ value }) => value === newest.value,
    { what: 'the newest update' },
  );

  const first = await tabTo(frame, ({ role }) => role === 'listitem');
  assert.match(first.ariaLabel, /^memory, updates every \d+ tokens, last at \d+/);
  await page.keyboard.press('ArrowDown');
  const second = await eventually(
    () => focusIn(frame),
    now => now.ariaLabel !== first.ariaLabel,
    {
      what: 'the next level',
    },
  );
  assert.match(second.ariaLabel, /^projections, /);
  await screenshot(page, 'keyboard-level-card');
});

test('opens rows of the Checkpoint tree', async () => {
  await choose('F1', 'Hopescope: Focus on Checkpoint View', 'Hopescope: Focus on Checkpoint View');
  const tree = pane(page, 'Checkpoint');
  const focused = tree.locator('.monaco-list-row.focused');
  await tree.locator('.monaco-list:focus').waitFor(PATIENT);
  await tree.locator('.monaco-list-row').first().waitFor(PATIENT);
  await page.keyboard.press('Home');
  await focused.waitFor(PATIENT);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await eventually(
    () => focused.getAttribute('aria-label'),
    text => text.startsWith('Block 0'),
    { what: 'Block 0' },
  );
  await page.keyboard.press('ArrowRight');
  await eventually(
    () => focused.getAttribute('aria-expanded'),
    open => open === 'true',
    { what: 'Block 0 to open' },
  );
});

test('stops a training', async () => {
  await session.settings({ 'hopescope.train.epochs': 500 });
  await choose('Control+p', 'lighthouse.md', 'lighthouse.md');
  await page.locator('.tab.active', { hasText: 'lighthouse.md' }).waitFor(PATIENT);
  await choose('F1', 'Hopescope: Train on File', 'Hopescope: Train on File');
  await notification(page, 'Training on lighthouse.md');
  await choose('F1', 'Hopescope: Stop', 'Hopescope: Stop');
  await notification(page, 'Stopped training on lighthouse.md');
});
