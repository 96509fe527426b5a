import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc';
import type { TensorMeasure } from '../../engine/protocol/inspection.ts';
import {
  CloseArchive,
  CompareArchives,
  type CompareProgress,
  CompareProgressType,
  InspectSpectrum,
  InspectTensor,
  MeasureProgressType,
  MeasureTensors,
  OpenArchive,
} from '../../engine/protocol/inspectorRequests.ts';
import { InspectorProcess } from '../../extension/checkpoints/inspectorProcess.ts';
import { CHECKPOINTS, SAFETENSORS } from '../support/checkpoints.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const modulePath = join(import.meta.dirname, '../../dist/inspector.cjs');
const start = () => new InspectorProcess({ modulePath, execPath: process.execPath, env: process.env }, log);
const inspector = start();
afterAll(() => inspector.kill());

const open = async (...parts: string[]) =>
  inspector.request(OpenArchive, { path: join(CHECKPOINTS, ...parts), levels: {} });
const cells = { whole: true, down: 8, across: 8 };

test('opens, inspects and compares in a process of its own', async () => {
  const { id, info } = await open('km_selfmod_tiny/step_000010.pt');
  const { id: other } = await open('km_attention_tiny/step_000010.pt');
  expect(info).toMatchObject({ family: 'Hope (PyTorch)', parameters: 75648 });
  const name = 'blocks.0.cms.blocks.cms_mid.net.1.weight';
  const { weight, delta } = await inspector.request(InspectTensor, { id, name, other, ...cells });
  expect(weight.statistics.total).toBe(128 * 32);
  expect(weight.heat).toMatchObject({ rows: 128, columns: 32, down: 8, across: 8 });
  expect(weight.histogram!.counts.reduce((sum, count) => sum + count)).toBe(128 * 32);
  const spectrum = await inspector.request(InspectSpectrum, { id, name, other });
  expect(Math.hypot(...spectrum.delta!.values)).toBeCloseTo(delta!.statistics.norm, 4);
  expect(spectrum.weight.of).toBe(32);
  const told: CompareProgress[] = [];
  const listening = inspector.onProgress(CompareProgressType, 'one', rows => told.push(rows));
  const { rows, unmatched } = await inspector.request(CompareArchives, { id, other, token: 'one' });
  listening.dispose();
  const row = rows.find(row => row.name === name)!;
  expect(row.delta).toBeCloseTo(delta!.statistics.norm, 6);
  expect(rows.map(({ relative }) => relative)).toEqual(
    rows.map(({ relative }) => relative).sort((a, b) => b - a),
  );
  expect(unmatched.missing).toContain('blocks.0.selfmod.w_q.weight');
  await inspector.request(CloseArchive, { id });
  await expect(inspector.request(InspectTensor, { id, name, ...cells })).rejects.toThrow(/no longer open/);
});

test('tells what changed since a base, under the names of the checkpoint that was asked about', async () => {
  const { id: base } = await open('km_selfmod_tiny/step_000010.pt');
  const { id } = await open('km_attention_tiny/step_000010.pt');
  const forward = await inspector.request(CompareArchives, { id: base, other: id, token: 'f' });
  const since = await inspector.request(CompareArchives, { id, other: base, base: true, token: 's' });
  expect(since.rows).toEqual(forward.rows);
  expect(since.unmatched.missing).toEqual(forward.unmatched.added);
  const name = 'blocks.0.cms.blocks.cms_mid.net.1.weight';
  const there = await inspector.request(InspectTensor, { id: base, name, other: id, ...cells });
  const here = await inspector.request(InspectTensor, { id, name, other: base, base: true, ...cells });
  expect(here.delta).toEqual(there.delta);
  expect(here.weight).not.toEqual(there.weight);
  const spectrum = await inspector.request(InspectSpectrum, { id, name, other: base, base: true });
  expect(spectrum.delta).toEqual(
    (await inspector.request(InspectSpectrum, { id: base, name, other: id })).delta,
  );
});

test('measures tensors one after the other, what is not finite apart', async () => {
  const measure = async (path: string, names?: readonly string[]) => {
    const { id, info } = await inspector.request(OpenArchive, { path, levels: {} });
    const rows: TensorMeasure[] = [];
    const listening = inspector.onProgress(MeasureProgressType, path, part => rows.push(...part.rows));
    const asked = names ?? info.tensors.map(({ name }) => name);
    rows.push(...(await inspector.request(MeasureTensors, { id, names: asked, token: path })).rows);
    listening.dispose();
    return rows;
  };
  const folder = join(CHECKPOINTS, 'llama_tiny');
  const { state_dict } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
    state_dict: { key: string; fro: number }[];
  };
  const names = state_dict.map(({ key }) => key).filter(key => key !== 'lm_head.weight');
  const rows = await measure(folder, names);
  expect(rows.map(({ name }) => name)).toEqual(names);
  for (const { name, norm, nan } of rows) {
    const { fro } = state_dict.find(({ key }) => key === name)!;
    expect([norm / fro, nan], name).toEqual([expect.closeTo(1, 6), 0]);
  }
  const [row] = await measure(join(SAFETENSORS, 'valid/nan_inf_f32.safetensors'));
  expect(row.nan).toBeGreaterThan(0);
  expect(row.infinite).toBeGreaterThan(0);
  expect(Number.isFinite(row.norm)).toBe(true);
  await expect(measure(folder, ['nothing'])).rejects.toThrow(/there is no tensor "nothing"/);
});

test('refuses in words and goes on', async () => {
  const refused = await open('bad/pt_unknown_class.pt').catch(error => error);
  expect(refused).toMatchObject({ name: 'EngineFailure', code: 'bad-model' });
  expect(refused.message).toMatch(/mystery_pkg\.Thing/);
  const { id } = await open('numpy/stored.npz');
  const choice = { rowAxis: 0, columnAxis: 0, at: [0, 0, 0] };
  await expect(inspector.request(InspectTensor, { id, name: 'plain', choice, ...cells })).rejects.toThrow(
    /two different axes/,
  );
  await expect(inspector.request(InspectSpectrum, { id, name: 'long' })).rejects.toThrow(
    /vector has no singular/,
  );
});

test('stops when it is told to, and its end is told to who waits', async () => {
  const { id } = await open('llama_tiny');
  const source = new CancellationTokenSource();
  const request = { id, name: 'model.embed_tokens.weight' };
  const waiting = inspector.request(InspectSpectrum, request, { token: source.token as never });
  source.cancel();
  // It may have been done before it heard of it.
  await waiting.catch(error => expect(error).toMatchObject({ code: 'cancelled' }));
  const doomed = start();
  const answer = doomed.request(OpenArchive, { path: CHECKPOINTS, levels: {} });
  doomed.kill();
  await expect(answer).rejects.toMatchObject({ name: 'EngineFailure', code: 'stopped' });
});
