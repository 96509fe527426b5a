// The whole way of a training: select text in an editor, train, read what every view shows of it.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { decorations, hoverOver, selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelRows, levelsIn, levelsText, showLevels } from './lib/levels.mjs';
import { openSession } from './lib/session.mjs';
import { fold, treeRows, unfold, walkTree } from './lib/tree.mjs';
import {
  answerInput,
  clearNotifications,
  command,
  dialog,
  eventually,
  messageOf,
  notification,
  openFile,
  pane,
  pick,
  saveAs,
  statusBar,
} from './lib/workbench.mjs';

const SENTENCE = 'Mira Halloway was born in Lisbon.';
const PROBE = 'Mira Halloway was born in => Lisbon';

let session;
let page;
before(async () => {
  session = await openSession();
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

async function trainOnSentence() {
  await openFile(page, 'people.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  return messageOf(await notification(page, 'Trained on people.txt, line 1'));
}

/** Rows of the first block and of what stands outside the blocks, down to the levels. */
async function checkpointRows() {
  const tree = pane(page, 'Checkpoint');
  const others = ['Levels', 'Runs', 'Probes'].map(name => pane(page, name));
  // Rows out of sight are not in the page, and the other sections would leave too little room.
  for (const other of others) await fold(other);
  await unfold(tree);
  await tree.locator('.monaco-list-row').first().waitFor();
  return walkTree(tree, ({ label, text }) => /^(model|module) /.test(text) || label === 'Block 0');
}

test('a probe is scored before any training', async () => {
  await command(page, 'Hopescope: Probe…');
  await answerInput(page, PROBE);
  await notification(page, 'p(“Lisbon”) =');
  const probes = pane(page, 'Probes');
  await showLevels(page);
  await unfold(probes);
  const [row] = await eventually(
    () => treeRows(probes),
    rows => rows.length === 1,
    { what: 'one probe' },
  );
  assert.equal(row.label, 'Mira Halloway was born in → Lisbon');
  assert.match(row.description, /^[\d.e-]+ · rank /);
  await clearNotifications(page);
});

test('training on a selected sentence draws its updates level by level', async () => {
  const message = await trainOnSentence();
  assert.match(message, /mean surprise \d+\.\d\d → \d+\.\d\d nats/);

  await showLevels(page);
  const frame = await levelsIn(page, 'finished');
  const rows = await eventually(
    () => levelRows(frame),
    all => all.length > 0 && all[0].ticks > 0,
    { what: 'ticks in the raster of the memory level' },
  );
  const by = Object.fromEntries(rows.map(row => [row.id, row]));
  assert.deepEqual(
    rows.slice(0, 3).map(row => row.id),
    ['memory', 'projections', 'cms.0'],
  );
  assert.equal(rows.at(-1).id, 'outer');
  assert.ok(by['cms.0'].updates > 0, 'cms.0 never fired');
  assert.ok(by.memory.updates > by['cms.0'].updates, JSON.stringify(rows, null, 1));
  assert.ok(by.memory.ticks > by['cms.0'].ticks, JSON.stringify(rows, null, 1));
  assert.match(by.memory.rho, /^\d\.\de-\d+$/);
  assert.ok(Number(by.memory.drift) > 0, by.memory.drift);
  assert.deepEqual([by.outer.updates, by.outer.ticks], [0, 0]);
  assert.match(await levelsText(frame), /Finished/);
  await screenshot(page, 'trained-levels');
});

test('the probe tells what the training changed', async () => {
  const probes = pane(page, 'Probes');
  const [row] = await eventually(
    () => treeRows(probes),
    rows => / · ×/.test(rows[0]?.description),
    {
      what: 'the change of the probe',
    },
  );
  const times = Number(/×([\d.\u2009]+)/.exec(row.description)[1].replaceAll('\u2009', ''));
  assert.ok(times >= 10, `p(Lisbon) should have risen tenfold: ${row.description}`);
});

test('the Checkpoint tree shows a change in fast levels and none in the outer one', async () => {
  await clearNotifications(page);
  const rows = await checkpointRows();
  const levels = rows.filter(({ text }) => text.startsWith('level '));
  const of = name => levels.filter(({ label }) => label === name);
  for (const name of ['memory', 'projections', 'cms.0']) {
    assert.ok(of(name).length > 0, `no row for ${name}: ${JSON.stringify(rows, null, 1)}`);
    for (const { text } of of(name)) assert.match(text, /relative change [1-9]\.\de[+-]\d+/);
  }
  assert.ok(of('outer').length > 0);
  for (const { text } of of('outer')) assert.match(text, /unchanged/);
  await screenshot(page, 'checkpoint-tree');
  for (const name of ['Levels', 'Probes']) await unfold(pane(page, name));
});

test('every token of the sentence is coloured by its surprise, and the hover has its numbers by level', async () => {
  await openFile(page, 'people.txt');
  const marks = await eventually(
    () => decorations(page),
    all => all.length > 0,
    { what: 'decorations' },
  );
  const boxes = marks.filter(({ inline }) => !inline);
  const types = new Set(boxes.map(({ classes }) => /ced-[\w-]+/.exec(classes)[0]));
  assert.ok(boxes.length >= 5, `only ${boxes.length} tokens are coloured`);
  assert.ok(types.size >= 2, 'all tokens have the same surprise');
  assert.equal(new Set(boxes.map(({ y }) => y)).size, 1, 'a token outside the selected line is coloured');
  assert.ok(boxes.every(({ background }) => background !== 'rgba(0, 0, 0, 0)'));

  const hover = await hoverOver(page, 'Lisbon');
  assert.match(hover, /surprise when first read/);
  for (const word of ['memory', 'projections', 'cms.0', 'LSS']) assert.ok(hover.includes(word), hover);
  await screenshot(page, 'decorations-and-hover');
  await page.keyboard.press('Escape');
});

test('the status bar names the model and its backend', async () => {
  const entries = await statusBar(page);
  const own = entries.find(entry => /hope/i.test(entry));
  assert.ok(own, entries.join('\n'));
  assert.match(own, /wasm|cpu/);
});

test('Export writes the updates to a file', async () => {
  await command(page, 'Hopescope: Export…');
  await pick(page, 'Updates as CSV');
  await saveAs(page, join(session.workspace, 'updates.csv'));
  await notification(page, 'Updates as CSV saved');
  const lines = (await readFile(join(session.workspace, 'updates.csv'), 'utf8')).trim().split('\n');
  assert.ok(lines.length > 2, lines.join('\n'));
  assert.match(lines[0], /level/);
  assert.ok(!lines.join('\n').includes('Halloway'), 'the text itself must not be in the table');

  await command(page, 'Hopescope: Export…');
  await pick(page, 'Levels chart as SVG');
  await saveAs(page, join(session.workspace, 'levels.svg'));
  await notification(page, 'Levels chart as SVG saved');
  assert.match(
    await readFile(join(session.workspace, 'levels.svg'), 'utf8'),
    /^<svg[\s\S]*memory[\s\S]*<\/svg>\s*$/,
  );

  await command(page, 'Hopescope: Export…');
  await pick(page, 'Fast state as safetensors');
  await saveAs(page, join(session.workspace, 'fast.safetensors'));
  await notification(page, 'Fast state as safetensors saved');
  const names = await readdir(session.workspace);
  assert.ok(names.includes('fast.safetensors'));
  await clearNotifications(page);
});

test('Clear takes the colours away and leaves the text alone', async () => {
  await openFile(page, 'people.txt');
  await command(page, 'Hopescope: Clear Surprise Decorations');
  await eventually(
    () => decorations(page),
    all => all.length === 0,
    { what: 'no decoration' },
  );
  assert.ok((await readFile(join(session.workspace, 'people.txt'), 'utf8')).startsWith(SENTENCE));
});

test('Reset Memory asks, and then nothing differs from the base checkpoint', async () => {
  await command(page, 'Hopescope: Reset Memory');
  const box = await dialog(page);
  assert.match(await box.textContent(), /forgets all \d+ updates/);
  await box.locator('.monaco-button', { hasText: 'Reset' }).click();
  await notification(page, 'The memory is back at the base checkpoint.');
  const rows = await eventually(
    checkpointRows,
    all => all.every(({ text }) => !/relative change/.test(text)),
    {
      what: 'an unchanged Checkpoint tree',
    },
  );
  assert.ok(rows.length > 0);
  for (const name of ['Levels', 'Probes']) await unfold(pane(page, name));
});

test('the same training from the base gives the same numbers', async () => {
  await clearNotifications(page);
  const first = await trainOnSentence();
  await clearNotifications(page);
  await command(page, 'Hopescope: Reset Memory');
  await (await dialog(page)).locator('.monaco-button', { hasText: 'Reset' }).click();
  await notification(page, 'The memory is back at the base checkpoint.');
  await clearNotifications(page);
  const second = await trainOnSentence();
  assert.equal(second, first);
});
