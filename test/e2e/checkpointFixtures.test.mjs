// Every checkpoint among the fixtures, opened from the Explorer by its menu: a good one shows what it holds, a bad one
// says which file, where and what is wrong, and nothing stops the next one.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { checkpointState, explorerRow, inExplorer, newCheckpoint } from './lib/checkpoint.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { BAD, everyCheckpoint, fixtureFiles, GOOD, llamaNorms } from './lib/fixtures.mjs';
import { layoutFaults } from './lib/layout.mjs';
import { inspectors } from './lib/processes.mjs';
import { openSession } from './lib/session.mjs';
import { command, eventually, notifications, PATIENT } from './lib/workbench.mjs';

/** Folders of the workspace lie side by side, for one of them at a time is unfolded. */
const folderOf = path => path.slice(0, path.lastIndexOf('/')).replaceAll('/', '-');
const nameOf = path => path.slice(path.lastIndexOf('/') + 1);
const placeOf = path => `${folderOf(path)}/${nameOf(path)}`;

let session;
let page;
/** The folder that is unfolded in the Explorer. */
let unfolded;
/** The process that read the first checkpoint. */
let reader;
before(async () => {
  const files = [...fixtureFiles()].map(([path, bytes]) => [placeOf(path), bytes]);
  session = await openSession({
    // All files of a folder are in sight.
    viewport: { width: 1280, height: 1200 },
    files: Object.fromEntries(files),
    settings: {
      'explorer.autoReveal': false,
      'explorer.compactFolders': false,
      // The editor before goes when the next one is opened.
      'workbench.editor.limit.enabled': true,
      'workbench.editor.limit.value': 1,
    },
  });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

/** Clicks on a folder of the Explorer until it is as wanted. */
async function setUnfolded(folder, wanted) {
  const row = explorerRow(page, folder);
  await row.click(PATIENT);
  await eventually(
    () => row.getAttribute('aria-expanded'),
    is => is === String(wanted),
    {
      what: `${folder} to be ${wanted ? 'unfolded' : 'folded'}`,
    },
  );
}

/** Opens a checkpoint by the Explorer's menu; answers its page and what it shows. */
async function open(path) {
  const folder = folderOf(path);
  if (folder !== unfolded) {
    if (unfolded) await setUnfolded(unfolded, false);
    unfolded = folder;
    await setUnfolded(folder, true);
  }
  const before = new Set(page.frames());
  await inExplorer(page, nameOf(path), 'Open Checkpoint…');
  const { frame, phase } = await newCheckpoint(page, before);
  reader ??= inspectors(session.server.pid)[0];
  return { frame, phase, ...(await checkpointState(frame)) };
}

/** As the page writes a whole number: thin spaces between thousands. */
const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, '\u2009');
const count = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;

test('every checkpoint of the fixtures is opened below', () => {
  assert.deepEqual([...GOOD, ...BAD].map(({ path }) => path).sort(), everyCheckpoint().sort());
});

for (const { path, tensors, parameters } of GOOD) {
  test(`${path} shows its ${count(tensors, 'tensor')}`, async () => {
    const { phase, message, summary, rows } = await open(path);
    assert.equal(phase, 'ready', message);
    assert.equal(message, '');
    assert.ok(summary.startsWith(nameOf(path)), summary);
    assert.ok(summary.includes(`${grouped(tensors)} tensors, `), summary);
    const [model, ...below] = rows;
    assert.equal(
      model.speech,
      `model ${nameOf(path)}, ${count(tensors, 'tensor')}, ${count(parameters, 'parameter')}.`,
    );
    // Of a small one all rows are in sight.
    const leaves = below.filter(({ speech }) => speech.startsWith('tensor '));
    if (tensors < 20) assert.equal(leaves.length, tensors);
    else assert.ok(leaves.length > 0);
  });
}

for (const { path, fault } of BAD) {
  test(`${path} is refused`, async () => {
    const { frame, phase, message, rows } = await open(path);
    assert.equal(phase, 'failed');
    assert.match(message, /^The checkpoint cannot be shown\./);
    assert.ok(message.includes(`${session.workspace}/${placeOf(path)}: `), message);
    assert.match(message, fault);
    // Ends in what to do, a sentence of its own.
    assert.match(message, /\. [A-Z][^.]+.*\.(Try Again)?(Show Log)?$/);
    assert.deepEqual(rows, []);
    assert.deepEqual(await layoutFaults(frame), []);
  });
}

test('nothing ran or was told of elsewhere, and one process read them all', async () => {
  assert.equal(existsSync('/tmp/PWNED'), false);
  assert.deepEqual(await notifications(page), []);
  assert.deepEqual(
    inspectors(session.server.pid).map(({ pid }) => pid),
    [reader.pid],
  );
});

test('the reader and the window go on: a tensor is read, and the last editor closes', async () => {
  const { frame } = await open('checkpoints/llama_tiny/model.safetensors');
  const [[name, norm]] = [...llamaNorms()].filter(([key]) => key.endsWith('layers.2.mlp.up_proj.weight'));
  await frame.locator('.filter').fill('layers.2.mlp.up_proj');
  await frame.locator('.row', { hasText: name }).click(PATIENT);
  const { figures } = await eventually(
    () => checkpointState(frame),
    ({ tensor, figures }) => tensor === name && figures['‖W‖'] !== undefined,
    { what: 'the tensor' },
  );
  assert.equal(figures['‖W‖'], String(Number(norm.toPrecision(4))));
  await screenshot(page, 'checkpoint-fixtures');
  await command(page, 'View: Close All Editors');
  await page
    .locator('.tab')
    .first()
    .waitFor({ state: 'detached', ...PATIENT });
});
