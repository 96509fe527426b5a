// A checkpoint in a file system that has no local paths: opened as a tree, inspected, or refused in words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { root } from '../vscode/setup.mjs';
import { checkpointIn, checkpointState } from './lib/checkpoint.mjs';
import { keepEvidence, screenshot } from './lib/evidence.mjs';
import { openSession } from './lib/session.mjs';
import { command, eventually } from './lib/workbench.mjs';

let session;
let page;
before(async () => {
  const checkpoint = readFileSync(join(root, 'test/fixtures/checkpoints/km_selfmod_tiny/model.safetensors'));
  session = await openSession({
    files: { 'virtual/base.safetensors': checkpoint },
    beside: [join(root, 'test/e2e/virtual')],
  });
  page = session.page;
});
after(() => session?.close());
afterEach(context => keepEvidence(session, context));

test('it opens as a tree, and a tensor of it is inspected', async () => {
  await command(page, 'Virtual: Open Checkpoint');
  const frame = await checkpointIn(page);
  const stateWhere = (holds, what) => eventually(() => checkpointState(frame), holds, { what });
  const { summary } = await stateWhere(({ rows }) => rows.length > 5, 'the tree');
  assert.match(summary, /safetensors, names of Hope \(PyTorch\)/);
  await frame.locator('.filter').fill('blocks.0.selfmod.w_q');
  await frame.locator('.row', { hasText: 'w_q' }).first().click();
  const { facts, figures } = await stateWhere(
    ({ figures }) => /^\d/.test(figures['effective rank'] ?? ''),
    'the tensor',
  );
  assert.match(facts, /32 × 32, F32/);
  assert.ok(Number(figures['‖W‖']) > 0);
  await screenshot(page, 'checkpoint-virtual');
});

test('one that is too large to be copied is refused, and what to do is said', async () => {
  await command(page, 'View: Close All Editors');
  await command(page, 'Virtual: Open Huge Checkpoint');
  const frame = await checkpointIn(page, 'failed');
  const { message } = await checkpointState(frame);
  assert.match(message, /memory:\/huge\.safetensors has 2\.0 GiB.*copy the file to a local folder/);
});
