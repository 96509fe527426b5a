// Checkpoints that others have written: open them from the Explorer, walk the tree, inspect a tensor, compare two.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { root } from '../vscode/setup.mjs';
import { checkpointIn, checkpointState, inExplorer } from './lib/checkpoint.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { layoutFaults } from './lib/layout.mjs';
import { openSession } from './lib/session.mjs';
import { heatMarks, timelineIn, timelineState } from './lib/timeline.mjs';
import { command, eventually, pick, saveAs, setTheme } from './lib/workbench.mjs';

const THEMES = { light: 'Light Modern', contrast: 'Default High Contrast', dark: 'Dark Modern' };
const fixture = (...parts) => readFileSync(join(root, 'test/fixtures/checkpoints', ...parts));
const WEIGHT = 'blocks.0.cms.blocks.cms_mid.net.1.weight';

let session;
let page;
let frame;
before(async () => {
  const base = fixture('km_selfmod_tiny/model.safetensors');
  const made = mkdtempSync(join(tmpdir(), 'hopescope-state-'));
  writeFileSync(join(made, 'mira.txt'), 'Mira Halloway was born in Lisbon.');
  const [text, state] = ['mira.txt', 'mira.hopestate'].map(name => join(made, name));
  const quiet = ['--backend', 'wasm', '--threads', '1', '--text', text, '--epochs', '1', '--out', state];
  execFileSync(process.execPath, [join(root, 'dist/cli.cjs'), 'train', ...quiet], { stdio: 'pipe' });
  const trained = readFileSync(state);
  rmSync(made, { recursive: true });
  session = await openSession({
    viewport: { width: 1500, height: 950 },
    files: {
      'base.safetensors': base,
      'later.safetensors': changed(base),
      'run.pt': fixture('km_selfmod_tiny/step_000010.pt'),
      'danger.pt': fixture('bad/pt_pickle_os_system.pt'),
      'snapshots/step_1.safetensors': base,
      'snapshots/step_2.safetensors': changed(base),
      'snapshots/step_10.safetensors': changed(changed(base)),
      'mira.hopestate': trained,
      'arrays.npz': fixture('numpy/deflated.npz'),
    },
  });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

/** The same checkpoint with 0.5 added to the first 96 values of one tensor. */
function changed(bytes) {
  const copy = Buffer.from(bytes);
  const length = Number(copy.readBigUInt64LE(0));
  const header = JSON.parse(copy.subarray(8, 8 + length).toString());
  const start = 8 + length + header[WEIGHT].data_offsets[0];
  for (let i = 0; i < 96; i++) copy.writeFloatLE(copy.readFloatLE(start + 4 * i) + 0.5, start + 4 * i);
  return copy;
}

const stateWhere = (holds, what) => eventually(() => checkpointState(frame), holds, { what });

/** One picture a theme; a fault of the layout is a failure. */
async function inEveryTheme(name) {
  const faults = [];
  for (const [theme, title] of Object.entries(THEMES)) {
    await setTheme(session, title);
    await page.waitForTimeout(400);
    await screenshot(page, `checkpoint-${name}-${theme}`);
    faults.push(...(await layoutFaults(frame)).map(fault => `${theme}: ${fault}`));
  }
  assert.deepEqual(faults, []);
}

test('a PyTorch file opens from the Explorer as a tree of levels', async () => {
  await inExplorer(page, 'run.pt', 'Open Checkpoint…');
  frame = await checkpointIn(page);
  const { summary, rows } = await stateWhere(({ rows }) => rows.length > 5, 'the tree');
  assert.match(summary, /PyTorch, names of Hope \(PyTorch\)/);
  assert.match(summary, /75\.6 K parameters/);
  assert.match(summary, /memory16/);
  assert.equal(rows[0].label, 'run.pt');
  assert.ok(rows.some(({ label, depth }) => label === 'block 0' && depth === 2));
  assert.ok(rows.some(({ speech }) => /^level cms\.1, 6 tensors/.test(speech)));
  await inEveryTheme('tree');
});

test('a key measures the norms of what is below the cursor', async () => {
  await frame.locator('.rows').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('n');
  const { rows } = await stateWhere(({ rows }) => rows.every(({ norm }) => norm), 'norms in all rows');
  assert.match(rows[0].norm, /^‖W‖ \d+(\.\d+)?$/);
  assert.match(rows[0].speech, /norm \d+(\.\d+)?, 0 NaNs, 0 infinite\.$/);
  await inEveryTheme('norms');
});

test('keys walk the tree, and Enter opens a tensor with its numbers', async () => {
  await frame.locator('.filter').fill('cms_mid net.1.weight');
  await stateWhere(({ rows }) => rows.length === 2 && rows[0].label === WEIGHT, 'the filtered tensors');
  await frame.locator('.rows').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  const { figures, charts, facts, weightCells } = await stateWhere(
    ({ tensor, charts, figures }) =>
      tensor === WEIGHT && charts.length >= 4 && /^\d/.test(figures['effective rank'] ?? ''),
    'the tensor',
  );
  assert.match(facts, /128 × 32, F32, 16\.0 KiB, level cms\.1/);
  assert.match(figures['NaN, Inf'], /^0, 0$/);
  assert.ok(Number(figures['‖W‖']) > 1);
  assert.deepEqual(
    charts.map(({ title }) => title),
    ['Values', 'Singular values', 'W', 'Row norms'],
  );
  assert.match(charts[1].caption, /all 32, exact/);
  assert.ok(charts.every(({ lines, title }) => title === 'W' || lines > 0));
  assert.ok(weightCells > 1000);
  await inEveryTheme('tensor');
});

test('its name is copied, and how PyTorch takes it from the file', async () => {
  await frame.locator('vscode-button', { hasText: 'Copy for PyTorch' }).click();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const text = await eventually(clipboard, text => text.startsWith('torch.load'), {
    what: 'the copied text',
  });
  assert.ok(text.endsWith(`run.pt", weights_only=True)["model"]["${WEIGHT}"]`), text);
});

test('its charts are exported', async () => {
  await frame.locator('vscode-button', { hasText: 'Export…' }).click();
  await pick(page, 'Charts as PNG');
  const path = join(session.folder, 'tensor.png');
  await saveAs(page, path);
  await eventually(() => existsSync(path), Boolean, { what: 'the picture' });
  assert.equal(readFileSync(path).subarray(1, 4).toString(), 'PNG');
});

test('of three axes any two are shown', async () => {
  await command(page, 'View: Close All Editors');
  await command(page, 'Hopescope: Open Checkpoint…');
  await saveAs(page, join(session.workspace, 'arrays.npz'));
  frame = await checkpointIn(page);
  await stateWhere(({ rows }) => rows.some(({ label }) => label === 'fortran'), 'the arrays');
  await frame.locator('.row', { hasText: 'fortran' }).click();
  const before = await stateWhere(
    ({ slice, charts }) => slice.includes('of 2') && charts.length > 2,
    'the slice',
  );
  assert.match(before.charts.at(-2).caption, /^3 × 4, a cell 1 × 1/);
  await frame.locator('[data-part="rows"]').selectOption({ index: 0 });
  await stateWhere(
    ({ charts }) => charts.some(({ title, caption }) => title === 'W' && caption.startsWith('2 × 4')),
    'the other slice',
  );
});

test('two checkpoints are compared, the most changed first', async () => {
  await command(page, 'View: Close All Editors');
  await inExplorer(page, 'base.safetensors', 'Open Checkpoint…');
  frame = await checkpointIn(page);
  await frame.locator('vscode-button', { hasText: 'Compare with…' }).click();
  await saveAs(page, join(session.workspace, 'later.safetensors'));
  const { rows } = await stateWhere(
    ({ message }) => message.includes('Compared with later.safetensors: 1 of 72 tensors changed'),
    'the comparison',
  );
  assert.equal(rows[0].label, WEIGHT);
  assert.match(rows[0].change, /^\d\.\de[+-]\d$/);
  assert.equal(rows[1].change, '0');
  await frame.locator('.row').first().click();
  const { figures, deltaCells, charts } = await stateWhere(
    ({ figures }) => figures['intruder dimensions'] !== undefined,
    'the change of the tensor',
  );
  // 96 values by 0.5 each, three whole rows.
  assert.ok(Math.abs(Number(figures['‖ΔW‖']) - 0.5 * Math.sqrt(96)) < 1e-3, figures['‖ΔW‖']);
  assert.match(figures['effective rank of ΔW'], /^1\.0 of 32/);
  assert.ok(deltaCells > 100);
  assert.ok(charts.some(({ title }) => title === 'ΔW'));
  await inEveryTheme('comparison');
});

test('what changed since a base is shown in the tree itself', async () => {
  await command(page, 'View: Close All Editors');
  await inExplorer(page, 'later.safetensors', 'Open Checkpoint…');
  frame = await checkpointIn(page);
  await frame.locator('button', { hasText: 'Δ base' }).click();
  await saveAs(page, join(session.workspace, 'base.safetensors'));
  const { rows } = await stateWhere(
    ({ message }) => message.includes('Changed since its base base.safetensors: 1 of 72 tensors changed'),
    'the changes',
  );
  assert.equal(rows[0].label, 'later.safetensors');
  const level = rows.find(({ speech }) => /^level cms\.1/.test(speech));
  assert.match(level.change, /^\d\.\de[+-]\d$/);
  await inEveryTheme('since-base');
  await frame.locator('.sort').selectOption({ label: 'by change' });
  await stateWhere(({ rows }) => rows[0].label === WEIGHT, 'the most changed first');
});

test('a fast state finds its base by itself', async () => {
  await command(page, 'View: Close All Editors');
  await inExplorer(page, 'mira.hopestate', 'Open Checkpoint…');
  frame = await checkpointIn(page);
  await frame.locator('.rows').focus();
  await page.keyboard.press('d');
  const { rows } = await stateWhere(
    ({ message }) => /Changed since its base model\.safetensors: \d+ of \d+/.test(message),
    'the changes',
  );
  assert.match(rows[0].change, /^\d\.\de[+-]\d$/);
});

test('a folder of snapshots opens as a run, with what each changed level by level', async () => {
  await command(page, 'View: Close All Editors');
  await command(page, 'Hopescope: Open Snapshots as Run…');
  await saveAs(page, join(session.workspace, 'snapshots'), 'Open Snapshots');
  const timeline = await timelineIn(page);
  const { values } = await eventually(
    () => timelineState(timeline),
    ({ most, tokens }) => most === 2 && tokens === 2,
    { what: 'the two snapshots after the first' },
  );
  const level = 'cms.1';
  assert.ok(level in values && 'outer' in values, Object.keys(values).join());
  await eventually(
    () => heatMarks(timeline, level),
    marks => marks >= 2,
    { what: 'what both changed' },
  );
  assert.equal(await heatMarks(timeline, 'outer'), 0);
  assert.equal(await timeline.locator('.track.fixed').count(), 0);
  await screenshot(page, 'checkpoint-snapshots');
});

test('a file that would run code is refused in words, and nothing runs', async () => {
  await command(page, 'View: Close All Editors');
  await inExplorer(page, 'danger.pt', 'Open Checkpoint…');
  frame = await checkpointIn(page, 'failed');
  const { message } = await stateWhere(({ message }) => message.includes('cannot be shown'), 'the refusal');
  assert.match(message, /danger\.pt.*posix\.system.*only tensors and plain containers/);
  await screenshot(page, 'checkpoint-refused');
  assert.equal(existsSync('/tmp/PWNED'), false);
});
