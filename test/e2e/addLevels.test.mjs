// A Llama of Hugging Face gets memory levels, and is trained on a selection; then its levels get optimizers that remember.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { root } from '../vscode/setup.mjs';
import { debugEnded, openVariable, press, stoppedAt, variables } from './lib/debugger.mjs';
import { selectLine } from './lib/editorText.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { levelRows, levelsIn, showLevels } from './lib/levels.mjs';
import { openSession } from './lib/session.mjs';
import { heatMarks, timelineIn, timelineState } from './lib/timeline.mjs';
import {
  answerInput,
  clearNotifications,
  command,
  dialog,
  eventually,
  messageOf,
  notification,
  openFile,
  pick,
  saveAs,
} from './lib/workbench.mjs';

const FIXTURES = join(root, 'test/fixtures/checkpoints');
const TEXT = 'the little boat follows the quiet harbour, and the little boat follows the quiet harbour.\n';

let session;
let page;
let made;
before(async () => {
  session = await openSession({ files: { 'boats.txt': TEXT } });
  page = session.page;
  made = join(session.folder, 'llama-levels');
  await cp(join(FIXTURES, 'llama_tiny'), join(session.folder, 'llama'), { recursive: true });
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

async function askFor(folder) {
  await command(page, 'Hopescope: Add Memory Levels…');
  await pick(page, 'Browse…');
  await saveAs(page, folder, 'Select Model', 'Periods');
}

test('levels are added to a Llama, which is loaded with them', async () => {
  await askFor(join(session.folder, 'llama'));
  await answerInput(page, '4, 16, 64');
  await saveAs(page, made);
  const message = await messageOf(await notification(page, 'llama-levels is loaded'));
  assert.match(message, /cms\.0 every 4 tokens, cms\.1 every 16 tokens, cms\.2 every 64 tokens; the last is/);
  const { system, cms } = JSON.parse(await readFile(join(made, 'config.json'), 'utf8'));
  assert.deepEqual([system, cms.periods], ['llama', [4, 16, 64]]);
  await clearNotifications(page);
});

test('it is trained on a selection, every level at its period', async () => {
  await openFile(page, 'boats.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  const message = await messageOf(await notification(page, 'Trained on boats.txt, line 1'));
  const [, first, last] = /mean surprise (\d+\.\d\d) → (\d+\.\d\d) nats/.exec(message);
  assert.ok(Number(last) < Number(first), message);
  await showLevels(page);
  const frame = await levelsIn(page, 'finished');
  const rows = await eventually(
    () => levelRows(frame),
    all => all[0]?.ticks > 0,
    { what: 'ticks in the raster of the fastest level' },
  );
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['cms.0', 'cms.1', 'cms.2', 'outer'],
  );
  const [fast, middle, slow, outer] = rows;
  assert.ok(fast.updates > middle.updates && middle.updates > slow.updates, JSON.stringify(rows));
  for (const { id, drift } of [fast, middle, slow]) assert.ok(Number(drift) > 0, `${id} does not change`);
  assert.equal(outer.updates, 0);
  await clearNotifications(page);
  await screenshot(page, 'levels-added');
});

test('Export writes its fast state as a file of its own, which names its base', async () => {
  await command(page, 'Hopescope: Export…');
  await pick(page, 'Fast state as hopestate');
  const path = join(session.folder, 'boats.hopestate');
  await saveAs(page, path);
  await notification(page, 'Fast state as hopestate saved');
  const bytes = await readFile(path);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  const base = createHash('sha256').update(await readFile(join(made, 'model.safetensors')));
  assert.equal(header.__metadata__.model, base.digest('hex'));
  assert.ok('fast.blocks.2.cms.0.contract.weight' in header, Object.keys(header).join());
  await clearNotifications(page);
});

test('Load Fast State… puts it back after a reset, and refuses one of another base with both hashes', async () => {
  const path = join(session.folder, 'boats.hopestate');
  await command(page, 'Hopescope: Reset Memory');
  await (await dialog(page)).locator('.monaco-button', { hasText: 'Reset' }).click();
  await notification(page, 'The memory is back at the base checkpoint.');
  await command(page, 'Hopescope: Load Fast State…');
  await saveAs(page, path, 'Load');
  const message = await messageOf(await notification(page, 'The memory of'));
  assert.match(message, /holds [1-9][\d ,]* updates\.$/);
  await clearNotifications(page);
  // The same state, said to be of another base.
  const bytes = await readFile(path);
  const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0)));
  const { model } = JSON.parse(header.toString()).__metadata__;
  const other = model.replace(/./g, digit => (digit === '0' ? '1' : '0'));
  const foreign = join(session.folder, 'foreign.hopestate');
  const text = header.toString().replaceAll(model, other);
  await writeFile(
    foreign,
    Buffer.concat([bytes.subarray(0, 8), Buffer.from(text), bytes.subarray(8 + header.length)]),
  );
  await command(page, 'Hopescope: Load Fast State…');
  await saveAs(page, foreign, 'Load');
  await (await dialog(page)).locator('.monaco-button', { hasText: 'Load' }).click();
  const refusal = await messageOf(await notification(page, 'belongs to another model'));
  assert.ok(refusal.includes(model) && refusal.includes(other), refusal);
  await clearNotifications(page);
});

test('a folder without a tokenizer is refused in words', async () => {
  const bare = join(session.folder, 'bare');
  await cp(join(FIXTURES, 'llama_tiny/sharded'), bare, { recursive: true });
  await askFor(bare);
  await answerInput(page, '4, 16');
  await saveAs(page, join(session.folder, 'bare-levels'));
  const load = page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Load' });
  await load.click();
  const message = await messageOf(await notification(page, 'tokenizer.json'));
  assert.match(message, /is missing, and without it no text becomes tokens.*Copy the tokenizer\.json/);
});

const inRow = level => `[data-level="${level}"]`;

test('with optimizers for its levels their memories are rows of the Levels view, once they are asked for', async () => {
  const folder = join(session.folder, 'llama-memories');
  await cp(made, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const optimizers = [{ kind: 'momentum' }, { kind: 'sgd' }, { kind: 'adamw' }];
  const changed = { ...config, name: 'llama-memories', cms: { ...config.cms, optimizers } };
  await writeFile(join(folder, 'config.json'), JSON.stringify(changed));
  await clearNotifications(page);
  await command(page, 'Hopescope: Select Model…');
  await pick(page, 'Browse…');
  await saveAs(page, folder, 'Select Model');
  await (await dialog(page)).locator('.monaco-button', { hasText: 'Load' }).click();
  await notification(page, 'llama-memories is loaded');
  await openFile(page, 'boats.txt');
  await selectLine(page, 1);
  await command(page, 'Hopescope: Train on Selection');
  await notification(page, 'Trained on boats.txt, line 1');
  await clearNotifications(page);

  const frame = await showLevels(page);
  await levelsIn(page, 'finished');
  const ids = async () => (await levelRows(frame)).map(({ id }) => id);
  const plain = ['cms.0', 'cms.1', 'cms.2', 'outer'];
  await eventually(ids, list => list.join() === plain.join(), { what: 'the levels alone' });
  await frame.locator(inRow('cms.0')).focus();
  await page.keyboard.press('Enter');
  await eventually(ids, list => list.join() === ['cms.0', 'cms.0.m', ...plain.slice(1)].join(), {
    what: 'the memory of cms.0 below it',
  });
  const [level, memory] = await eventually(
    () => levelRows(frame),
    rows => rows[1].ticks > 0,
    { what: 'ticks in the raster of the memory' },
  );
  assert.deepEqual([memory.updates, memory.ticks], [level.updates, level.ticks]);
  const axes = await frame.locator('.raster').evaluateAll(all =>
    all.map(raster => {
      const { left, right } = raster.getBoundingClientRect();
      return `${left} to ${right}, ${raster.scrollWidth} px are drawn`;
    }),
  );
  assert.equal(new Set(axes).size, 1, axes.join('; '));
  assert.match(memory.rho, /^\d\.\de[+-]\d+$/);
  assert.match(memory.label, /^m, memory of the optimizer of cms\.0, updates every 4 tokens.* surprise \d/);
  await page.keyboard.press('ArrowDown');
  const focused = () => frame.evaluate(() => document.activeElement.dataset.level);
  await eventually(focused, id => id === 'cms.0.m', { what: 'the keyboard to be in the row of the memory' });
  await screenshot(page, 'levels-memories');
  await frame.locator(inRow('cms.2')).focus();
  await page.keyboard.press('Enter');
  await eventually(ids, list => list.join().includes('cms.2,cms.2.first,cms.2.second'), {
    what: 'both memories of cms.2',
  });
  await frame.locator(inRow('cms.0')).focus();
  await page.keyboard.press('Enter');
  await eventually(ids, list => !list.includes('cms.0.m'), {
    what: 'the memory of cms.0 to be hidden again',
  });
});

test('the Timeline shows them by the key O', async () => {
  await command(page, 'Hopescope: Show Timeline');
  const frame = await timelineIn(page);
  const shown = async () =>
    (
      await frame.locator('.track.heat:visible').evaluateAll(all => all.map(({ dataset }) => dataset.level))
    ).join();
  await eventually(shown, list => list === 'cms.0,cms.1,cms.2', { what: 'the levels alone' });
  await frame.locator('.track.selected .plot').focus();
  await page.keyboard.press('o');
  const all = 'cms.0,cms.0.m,cms.1,cms.2,cms.2.first,cms.2.second';
  await eventually(shown, list => list === all, { what: 'the memories of the optimizers' });
  for (const id of ['cms.0.m', 'cms.2.first', 'cms.2.second']) {
    await eventually(
      () => heatMarks(frame, id),
      marks => marks > 0,
      { what: `cells of ${id}` },
    );
  }
  const { values } = await timelineState(frame);
  assert.match(values['cms.0.m'], /^\d\.\de[+-]\d+$/);
  await screenshot(page, 'timeline-memories');
  await page.keyboard.press('o');
  await eventually(shown, list => list === 'cms.0,cms.1,cms.2', { what: 'the levels alone again' });
});

test('the debugger has them inside their level', async () => {
  await openFile(page, 'boats.txt');
  await selectLine(page, 1);
  await command(page, 'View: Show Run and Debug');
  await command(page, 'Hopescope: Debug Training on Selection');
  await stoppedAt(page, /^update 1, /);
  await page.keyboard.press('F10');
  await stoppedAt(page, /^update 2, /);
  // Rows that are scrolled out of sight are not in the page.
  await page.setViewportSize({ width: 1280, height: 2000 });
  for (const row of ['Levels', 'cms.0', 'optimizer']) await openVariable(page, row);
  const rows = await eventually(
    () => variables(page),
    list => list.some(row => /^m\b.*‖m‖/.test(row)),
    { what: 'the memory among the variables' },
  );
  assert.ok(
    rows.some(row => /^m\b.*written, ρ [\d.e-]+, surprise [\d.e-]+, ‖m‖ [\d.e-]+/.test(row)),
    rows.join('\n'),
  );
  await screenshot(page, 'debug-memories');
  await press(page, 'Stop');
  await debugEnded(page);
});
