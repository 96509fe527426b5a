// Two real runs of one text under other settings: laid under one another, and what the second did to pinned probes.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { layoutFaults } from './lib/layout.mjs';
import { openSession } from './lib/session.mjs';
import { timelineIn, timelineState } from './lib/timeline.mjs';
import {
  clearNotifications,
  command,
  eventually,
  notification,
  openFile,
  pick,
  setTheme,
} from './lib/workbench.mjs';

const THEMES = { light: 'Light Modern', contrast: 'Default High Contrast', dark: 'Dark Modern' };
const TEXT =
  'Mira Halloway was born in Lisbon.\nHer brother Tobin keeps bees on the roof of the old customs house.\n';
const PROBES = [
  { prompt: 'Mira Halloway was born in', answer: 'Lisbon' },
  { prompt: 'Her brother Tobin keeps', answer: 'bees' },
];

let session;
let page;
let frame;
before(async () => {
  session = await openSession({
    viewport: { width: 1600, height: 1000 },
    files: { 'facts.txt': TEXT, '.hopescope/probes.json': JSON.stringify({ probes: PROBES }) },
    settings: { 'hopescope.train.epochs': 6, 'hopescope.probes.interval': 4 },
  });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

async function train() {
  // A Timeline's title holds the file's.
  await command(page, 'View: Close All Editors');
  await openFile(page, 'facts.txt');
  await command(page, 'Hopescope: Train on File');
  await notification(page, 'Trained on facts.txt');
  await clearNotifications(page);
}

const words = selector => frame.locator(selector).first().textContent();
const inForgetting = text => frame.locator('.forgetting', { hasText: text }).waitFor({ timeout: 60_000 });

test('pinned probes that are scored along a run show what was forgotten', async () => {
  await train();
  await command(page, 'Hopescope: Show Timeline');
  frame = await timelineIn(page);
  await inForgetting('BWT, since writing');
  const figures = await frame
    .locator('.forgetting figure')
    .evaluateAll(all => all.map(each => each.getAttribute('aria-label')));
  assert.match(figures[0], /born in → Lisbon: \S+ % first, \S+ % last/);
  assert.match(
    figures[1],
    /^Mean score at the end, ACC, −\d+\.\d\d nats a token; backward transfer, BWT, −?\d/,
  );
  assert.match(figures[1], /born in → Lisbon: written by update \d+, −/);
});

test('interference is measured when asked for, by the keyboard', async () => {
  const measure = frame.locator('.interference vscode-button');
  await measure.focus();
  await page.keyboard.press('Enter');
  await inForgetting(/What updates 1 to \d+ did to the probes/);
  const lines = await frame.locator('.interference li').allTextContents();
  assert.equal(lines.length, 2);
  for (const line of lines) {
    const [, ...numbers] =
      /predicted (\S+) nats a token \(memory (\S+), projections (\S+), cms\.0 (\S+), .+\), measured (\S+)\.$/.exec(
        line,
      );
    for (const number of numbers) assert.ok(Number.isFinite(Number(number.replace('−', '-'))), line);
  }
  await measure.scrollIntoViewIfNeeded();
  const faults = [];
  for (const [theme, name] of Object.entries(THEMES)) {
    await setTheme(session, name);
    await page.waitForTimeout(700);
    await screenshot(page, `forgetting-${theme}`);
    faults.push(...(await layoutFaults(frame)).map(fault => `${theme}: ${fault}`));
  }
  assert.deepEqual(faults, []);
});

test('a run with other settings is compared with it, aligned by token', async () => {
  await session.settings({
    'hopescope.train.epochs': 4,
    'hopescope.train.learningRates': { memory: 0.3, 'cms.0': 0 },
  });
  await train();
  await command(page, 'Hopescope: Show Timeline');
  frame = await timelineIn(page);
  const shown = await timelineState(frame);
  await command(page, 'Hopescope: Compare Runs…');
  await pick(page, 'facts.txt');
  await frame.locator('.comparison:visible').waitFor({ timeout: 30_000 });
  assert.match(
    await words('.comparison'),
    /^Thin lines and the lowest rows: facts\.txt, \d+ updates, 6 passes instead of 4, memory at rate 1 instead of 0\.3, cms\.0 at rate 0\.001 instead of 0; aligned by token\./,
  );
  const other = Number(/(\d+) updates/.exec(await words('.comparison'))[1]);
  assert.ok(other > shown.most, `${other} updates of six passes, ${shown.most} of four`);
  const heights = await eventually(
    () => frame.locator('.track.heat .plot').evaluateAll(all => all.map(plot => plot.clientHeight)),
    all => all.every(height => height > 0),
    { what: 'rows of both runs' },
  );
  assert.equal(heights.length, 5);
  await page.waitForTimeout(700);
  const faults = [];
  for (const [theme, name] of Object.entries(THEMES)) {
    await setTheme(session, name);
    await page.waitForTimeout(700);
    await screenshot(page, `compare-${theme}`);
    faults.push(...(await layoutFaults(frame)).map(fault => `${theme}: ${fault}`));
  }
  assert.deepEqual(faults, []);
});
