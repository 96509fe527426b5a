// Time travel by the Timeline: train, open the run, step through it by keys, zoom, restore, bookmark, export.
import assert from 'node:assert/strict';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { layoutFaults } from './lib/layout.mjs';
import { showLevels } from './lib/levels.mjs';
import { openSession } from './lib/session.mjs';
import { heatMarks, timelineIn, timelineState } from './lib/timeline.mjs';
import { fold, treeRows, unfold } from './lib/tree.mjs';
import {
  answerInput,
  clearNotifications,
  command,
  eventually,
  notification,
  openFile,
  pane,
  pick,
  saveAs,
  setTheme,
} from './lib/workbench.mjs';

const THEMES = { light: 'Light Modern', contrast: 'Default High Contrast', dark: 'Dark Modern' };

let session;
let page;
let frame;
before(async () => {
  session = await openSession({ viewport: { width: 1600, height: 1000 } });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

const press = key => page.keyboard.press(key);
const stateWhere = (holds, what) => eventually(() => timelineState(frame), holds, { what });

/** Every `*.hoperun` that this VS Code has written. */
async function runFiles() {
  const all = await readdir(session.folder, { recursive: true });
  return all.filter(name => name.endsWith('.hoperun')).map(name => join(session.folder, name));
}

test('without a run it says what to do', async () => {
  await command(page, 'Hopescope: Show Timeline');
  frame = await timelineIn(page, 'empty');
  assert.match((await timelineState(frame)).message, /No run to show.*Train on Selection/);
});

test('a training appears in the open Timeline', async () => {
  await command(page, 'Hopescope: Probe…');
  await answerInput(page, 'Mira Halloway was born in => Lisbon');
  await notification(page, 'p(“Lisbon”) =');
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on people.txt, line 1');
  await clearNotifications(page);
  await command(page, 'Hopescope: Show Timeline');
  frame = await timelineIn(page);
  const shown = await stateWhere(({ most, updates }) => most > 10 && updates === most, 'the newest update');
  await stateWhere(
    ({ place }) => /^\d+ of \d+ updates, token \d+ of \d+$/.test(place),
    'where the playhead is',
  );
  await eventually(
    () => heatMarks(frame, 'memory'),
    marks => marks > 10,
    { what: 'cells of the memory level' },
  );
  assert.ok((await heatMarks(frame, 'cms.0')) > 0);
  assert.match(shown.values.memory, /^\d\.\de[+-]\d+$/);
  await stateWhere(({ tokens }) => tokens > 5, 'the text');
  await screenshot(page, 'timeline-dark');
});

test('keys move the one playhead, and the cell says where it is', async () => {
  await frame.locator('.track.selected .plot').focus();
  const newest = await timelineState(frame);
  await press('ArrowLeft');
  const back = await stateWhere(({ updates }) => updates === newest.most - 1, 'one update back');
  assert.match(back.cell, new RegExp(`^Surprise, update ${newest.most - 1}, token`));
  assert.match(back.card, /loss/);
  assert.notEqual(back.current, newest.current);
  await press('Home');
  await stateWhere(({ updates }) => updates === 0, 'the state before the first update');
  await press(']');
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await press(key);
  const memory = await stateWhere(({ cell }) => /memory/.test(cell), 'a row of the memory level');
  assert.match(memory.cell, /^Block 1, memory, /);
  await press('Home');
  await press(']');
  const fired = await stateWhere(({ updates }) => updates > 0, 'the first change of the memory');
  assert.match(fired.cell, /^Block 1, memory, update \d+, tokens? .*ρ \d\.\de[+-]\d+\.$/);
  await press('Shift+ArrowRight');
  await stateWhere(({ updates }) => updates > fired.updates, 'the next slow boundary');
  await press('Escape');
});

test('zoom stays while stepping, and the brush has two handles', async () => {
  await frame.locator('.track.selected .plot').focus();
  const handles = () =>
    frame
      .locator('.handle')
      .evaluateAll(all => all.map(handle => Number(handle.getAttribute('aria-valuenow'))));
  const whole = await eventually(handles, ([a]) => a === 0, { what: 'the whole run' });
  await press('+');
  const [from, to] = await eventually(handles, ([a, b]) => b - a === whole[1] / 2, { what: 'half of it' });
  await press('ArrowRight');
  const [later, until] = await handles();
  assert.equal(until - later, to - from);
  await frame.locator('.handle.to').focus();
  await press('ArrowLeft');
  await eventually(handles, ([, b]) => b < until, { what: 'a narrower window' });
  await screenshot(page, 'timeline-zoomed');
  await press('0');
  await eventually(handles, ([a, b]) => a === 0 && b === whole[1], { what: 'the whole run again' });
});

test('a click on a cell goes there', async () => {
  const plot = frame.locator('.track.heat[data-level="memory"] .plot');
  const { width } = await plot.boundingBox();
  await plot.click({ position: { x: Math.round(width * 0.3), y: 5 } });
  const there = await stateWhere(
    ({ updates, most }) => Math.abs(updates / most - 0.3) < 0.08,
    'the update under the pointer',
  );
  assert.match(there.card, /^memory, block 1, update/);
});

test('moving the playhead restores nothing, the command does', async () => {
  const before = await timelineState(frame);
  await command(page, 'Hopescope: Restore This Update');
  const after = await stateWhere(
    ({ words }) => words === 'This update is the live state.',
    'the restored state',
  );
  assert.equal(after.updates, before.updates);
  await clearNotifications(page);
});

test('a bookmark stands in the Runs view and leads back', async () => {
  const { updates } = await timelineState(frame);
  await command(page, 'Hopescope: Bookmark This Update…');
  await answerInput(page, 'Lisbon gets likely');
  await showLevels(page);
  for (const name of ['Levels', 'Checkpoint', 'Probes']) await fold(pane(page, name));
  const runs = pane(page, 'Runs');
  await unfold(runs);
  const rows = await eventually(
    () => treeRows(runs),
    all => all.length >= 2,
    { what: 'a run and its bookmark' },
  );
  assert.match(rows[0].label, /people\.txt, line 1/);
  assert.match(rows[0].description, /updates/);
  assert.equal(rows[1].description, 'Lisbon gets likely');
  await frame.locator('.text').focus();
  await press('End');
  await stateWhere(({ updates, most }) => updates === most, 'the newest update');
  await runs.locator('.monaco-list-row', { hasText: 'Lisbon gets likely' }).click();
  await stateWhere(state => state.updates === updates, 'the bookmarked update');
  await screenshot(page, 'timeline-runs');
});

test('charts and a report are exported', async () => {
  await command(page, 'Hopescope: Export Timeline…');
  await pick(page, 'Timeline as SVG');
  await saveAs(page, join(session.workspace, 'timeline.svg'));
  await notification(page, 'Timeline as SVG saved');
  assert.match(
    await readFile(join(session.workspace, 'timeline.svg'), 'utf8'),
    /^<svg [\s\S]*cms\.0[\s\S]*<\/svg>\s*$/,
  );
  await command(page, 'Hopescope: Export Timeline…');
  await pick(page, 'All Updates as CSV');
  await saveAs(page, join(session.workspace, 'all.csv'));
  await notification(page, 'All Updates as CSV saved');
  const lines = (await readFile(join(session.workspace, 'all.csv'), 'utf8')).trim().split('\n');
  const { most } = await timelineState(frame);
  assert.equal(new Set(lines.slice(1).map(line => line.split(',')[0])).size, most);
  await command(page, 'Hopescope: Write Run Report…');
  await saveAs(page, session.workspace, 'Write Report Here');
  await notification(page, 'Report saved');
  const folder = (await readdir(session.workspace)).find(name => name.startsWith('report-'));
  const report = await readFile(join(session.workspace, folder, 'report.md'), 'utf8');
  const pictures = [...report.matchAll(/\]\((\S+\.svg)\)/g)];
  assert.ok(pictures.length >= 3, `${pictures.length} pictures`);
  for (const [, name] of pictures) {
    assert.match(await readFile(join(session.workspace, folder, name), 'utf8'), /^<svg /);
  }
  assert.match(report, /# people\.txt, line 1/);
  await clearNotifications(page);
});

test('a run file opens from the Explorer', async () => {
  const [file] = await runFiles();
  await copyFile(file, join(session.workspace, 'elsewhere.hoperun'));
  await command(page, 'View: Show Explorer');
  await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'elsewhere.hoperun' }).dblclick();
  await page.locator('.tab.active', { hasText: 'elsewhere.hoperun' }).waitFor({ timeout: 60_000 });
  const opened = await eventually(
    async () => {
      for (const candidate of page.frames()) {
        const path = await candidate
          .evaluate(() => document.querySelector('main[data-view="timeline"]')?.dataset.phase)
          .catch(() => undefined);
        if (path === 'ready' && candidate !== frame) return candidate;
      }
      return undefined;
    },
    Boolean,
    { what: 'a second Timeline' },
  );
  await eventually(
    () => heatMarks(opened, 'memory'),
    marks => marks > 10,
    { what: 'its cells' },
  );
});

test('it is readable in every theme', async () => {
  await command(page, 'View: Close Editor');
  const faults = [];
  for (const [theme, name] of Object.entries(THEMES)) {
    await setTheme(session, name);
    await command(page, 'Hopescope: Show Timeline');
    await frame.locator('.track.selected .plot').focus();
    await page.waitForTimeout(700);
    await screenshot(page, `timeline-theme-${theme}`);
    faults.push(...(await layoutFaults(frame)).map(fault => `${theme}: ${fault}`));
  }
  assert.deepEqual(faults, []);
});

test('a branch with a level frozen stands under its run and is opened', async () => {
  await frame.locator('.track.heat[data-level="cms.0"] .plot').click({ position: { x: 40, y: 5 } });
  await stateWhere(({ cell }) => /cms\.0/.test(cell), 'a row of cms.0');
  await command(page, 'Hopescope: Branch with Level Frozen…');
  await page.locator('.tab.active', { hasText: 'cms.0 frozen' }).waitFor({ timeout: 60_000 });
  await showLevels(page);
  await unfold(pane(page, 'Runs'));
  const rows = await eventually(
    () => treeRows(pane(page, 'Runs')),
    all => all.some(({ label }) => label.endsWith('cms.0 frozen')),
    { what: 'the branch in the Runs view' },
  );
  const branch = rows.find(({ label }) => label.endsWith('cms.0 frozen'));
  assert.equal(branch.depth, 2);
  assert.match(branch.description, /from update \d+/);
  assert.match(branch.text, /branch after update \d+, cms\.0 frozen\.$/);
  await screenshot(page, 'timeline-branch');
});
