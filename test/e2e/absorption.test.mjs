// Asking which level learned a fact, and probes that are pinned to the workspace.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { showLevels } from './lib/levels.mjs';
import { openSession } from './lib/session.mjs';
import { treeRows, unfold } from './lib/tree.mjs';
import {
  answerInput,
  clearNotifications,
  clickIn,
  command,
  eventually,
  messageOf,
  notification,
  openFile,
  pane,
  pick,
  setTheme,
} from './lib/workbench.mjs';

const FACT = 'Mira Halloway was born in => Lisbon';
const LEVELS = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2'];

let session;
let page;
let pinned;
before(async () => {
  session = await openSession({ settings: { 'hopescope.train.epochs': 8 } });
  page = session.page;
  pinned = join(session.workspace, '.hopescope/probes.json');
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

/** Text and rows of tables of the page that holds this text, once one does. */
function rendered(text) {
  const read = () => ({
    text: document.body?.textContent ?? '',
    rows: Array.from(document.querySelectorAll('tr'), row => Array.from(row.cells, cell => cell.textContent)),
  });
  return eventually(
    async () => {
      for (const frame of page.frames()) {
        const found = await frame.evaluate(read).catch(() => undefined);
        if (found?.text.includes(text)) return found;
      }
      return undefined;
    },
    Boolean,
    { what: `a rendered document with “${text}”`, timeout: 60_000 },
  );
}

async function ask(title = 'Hopescope: Which Level Learned This?') {
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, title);
}

test('without a run it says that there is nothing to ask about', async () => {
  await ask();
  await notification(page, 'There is no run to ask about');
  await clearNotifications(page);
});

test('a selected fact is divided among the levels, shown as text and kept for the Timeline', async () => {
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on people.txt, line 1');
  await clearNotifications(page);

  await ask();
  const input = page.locator('.quick-input-widget input[type="text"]').first();
  await eventually(
    () => input.inputValue(),
    value => value === FACT,
    { what: 'a probe from the selection' },
  );
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget', { hasText: 'the whole run' }).waitFor();
  await screenshot(page, 'which-level-question');
  await pick(page, 'Ask');
  const said = await messageOf(await notification(page, 'p(answer) a token went from', { timeout: 120_000 }));
  assert.match(said, /nats\. (The largest contribution is that of \S+’s change|n\/a)/);

  const { text, rows } = await rendered('Contribution of each level’s change');
  assert.match(text, /It does not say where a fact is stored/);
  const shapley = LEVELS.map(level => {
    const row = rows.find(([name]) => name === level);
    assert.ok(row, `${level} in ${JSON.stringify(rows)}`);
    return Number(row[2].replace('−', '-'));
  });
  const gain = Number(/([+−][\d.]+) nats/.exec(said)[1].replace('−', '-'));
  const sum = shapley.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum - gain) < 0.003, `contributions ${shapley} add up to ${sum}, the gain is ${gain}`);
  await screenshot(page, 'which-level-report-dark');
  await setTheme(session, 'Light Modern');
  await screenshot(page, 'which-level-report-light');
  await setTheme(session, 'Default High Contrast');
  await screenshot(page, 'which-level-report-high-contrast');
  await setTheme(session, 'Dark Modern');

  await command(page, 'Hopescope: Show Timeline');
  await page.locator('.tab.active', { hasText: 'Timeline: people.txt' }).waitFor({ timeout: 30_000 });
  await command(page, 'View: Close Other Editors in Group');
  await command(page, 'View: Single Column Editor Layout');
  await rendered('hand-over between levels');
  await screenshot(page, 'which-level-timeline');
});

test('a question that is cancelled shows nothing and leaves the engine free', async () => {
  await clearNotifications(page);
  await ask();
  await answerInput(page, FACT);
  await page.locator('.quick-input-widget', { hasText: 'the whole run' }).waitFor();
  await pick(page, 'Ask');
  const toast = await notification(page, 'Which level learned this?');
  await clickIn(toast, 'Cancel');
  await toast.waitFor({ state: 'detached', timeout: 30_000 });
  await command(page, 'Hopescope: Probe…');
  await answerInput(page, FACT);
  await notification(page, 'p(“Lisbon”) =');
  await clearNotifications(page);
});

test('a probe is pinned to a file of the workspace, which is watched', async () => {
  await showLevels(page);
  const probes = pane(page, 'Probes');
  await unfold(probes);
  await command(page, 'Hopescope: Pin Probes to Workspace');
  await pick(page, 'Mira Halloway');
  await page.keyboard.press('Enter');
  await eventually(
    () => readFile(pinned, 'utf8').catch(() => ''),
    text => text.includes('Lisbon'),
    { what: 'the probe in the file' },
  );
  assert.deepEqual(JSON.parse(await readFile(pinned, 'utf8')), {
    probes: [{ prompt: 'Mira Halloway was born in', answer: 'Lisbon' }],
  });

  const other = { prompt: 'Her brother Tobin keeps', answer: 'bees' };
  const mine = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };
  await writeFile(pinned, `// mine\n${JSON.stringify({ probes: [mine, other] }, null, 2)}`);
  await eventually(
    () => treeRows(probes),
    rows => rows.some(row => row.label.includes('bees')),
    { what: 'the probe that was written into the file' },
  );
  await screenshot(page, 'pinned-probes');

  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on people.txt, line 1', { timeout: 120_000 });
  await eventually(
    () => treeRows(probes),
    rows => rows.filter(row => /nats/.test(row.description ?? '')).length >= 2,
    { what: 'both pinned probes scored by the training' },
  );
  await clearNotifications(page);
});

test('a damaged file is told of by its line and takes no probe away', async () => {
  await writeFile(pinned, '{\n  "probes": [\n    { "prompt": "a" "answer"\n');
  const toast = await notification(page, 'probes.json, line 3');
  assert.match(await messageOf(toast), /comma expected\..* Mend it; the other probes are kept\./);
  const rows = await treeRows(pane(page, 'Probes'));
  assert.ok(
    rows.some(row => row.label.includes('Lisbon')),
    JSON.stringify(rows),
  );
  await clearNotifications(page);
  await command(page, 'Hopescope: Unpin Probes from Workspace');
  await pick(page, 'Mira Halloway');
  await page.keyboard.press('Enter');
  await notification(page, 'Mend it first; nothing was changed.');
  assert.match(await readFile(pinned, 'utf8'), /"prompt": "a" "answer"/);
});
