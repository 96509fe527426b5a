import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { writeSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { initialParameters } from '../../engine/model/initialize.ts';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import { METRIC_INDEX, METRICS } from '../../engine/protocol/index.ts';
import { RunReader } from '../../engine/run/index.ts';
import { writeSnapshotRun } from '../../engine/snapshots/snapshotRun.ts';
import { Random } from '../../engine/tensor/random.ts';
import { CHECKPOINTS } from '../support/checkpoints.ts';
import { runCli, runJson } from '../support/cli.ts';
import { TINY_CONFIG } from '../support/tinyModel.ts';

const specs = parameterSpecs(TINY_CONFIG);
const engineVersion = '0.1.0';
let folder: string;
/** By the snapshot's name. */
const weights = new Map<string, Map<string, Float32Array>>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-snapshots-'));
  mkdirSync(join(folder, 'all'));
  const base = initialParameters(TINY_CONFIG, new Random(3));
  const changed = (from: Map<string, Float32Array>, factor: number, which: RegExp) =>
    new Map(Array.from(from, ([name, w]) => [name, which.test(name) ? w.map(v => v * factor) : w]));
  const second = changed(base, 1.1, /^blocks\.0\.cms\.0\./);
  // In the order of numbers, not of letters.
  weights.set('step_2.safetensors', base);
  weights.set('step_9.safetensors', second);
  weights.set('step_10.safetensors', changed(second, 0.9, /^embed\.|^blocks\.0\.selfmod\.m_memory\./));
  for (const [name, values] of weights) {
    const tensors = specs.map(({ name, shape }) => ({ name, shape, data: values.get(name)! }));
    await writeSafetensors(join(folder, 'all', name), tensors);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** By definition, one number after the other. */
function norms(
  before: string,
  after: string,
  which: RegExp,
): { delta: number; before: number; after: number } {
  let [delta, old, now] = [0, 0, 0];
  for (const [name, w] of weights.get(before)!) {
    if (!which.test(name)) continue;
    const v = weights.get(after)!.get(name)!;
    w.forEach((value, i) => {
      delta += (v[i] - value) ** 2;
      old += value ** 2;
      now += v[i] ** 2;
    });
  }
  return { delta: Math.sqrt(delta), before: Math.sqrt(old), after: Math.sqrt(now) };
}

test('each snapshot is an update, with what it changed and how far it is from the first', async () => {
  const path = join(folder, 'all.hoperun');
  const told: string[] = [];
  const names = await writeSnapshotRun(join(folder, 'all'), path, {
    engineVersion,
    onProgress: (done, total) => told.push(`${done}/${total}`),
  });
  expect(names).toEqual([...weights.keys()]);
  expect(told).toEqual(['1/2', '2/2']);
  const reader = RunReader.open(path);
  const { levels, blocks } = reader.header;
  expect(levels.at(-1)).toEqual({ id: 'outer', period: 1 });
  const updates = [...reader.updates()];
  reader.close();
  expect(updates.length).toBe(2);
  const at = (update: number, block: number, level: string, metric: keyof typeof METRIC_INDEX) => {
    const row = block * levels.length + levels.findIndex(({ id }) => id === level);
    return updates[update].metrics[row * METRICS.length + METRIC_INDEX[metric]];
  };
  const cms = norms('step_2.safetensors', 'step_9.safetensors', /^blocks\.0\.cms\.0\./);
  expect(cms.delta).toBeGreaterThan(0);
  expect(at(0, 0, 'cms.0', 'fired')).toBe(1);
  expect(at(0, 0, 'cms.0', 'deltaNorm')).toBeCloseTo(cms.delta, 5);
  expect(at(0, 0, 'cms.0', 'weightNorm')).toBeCloseTo(cms.after, 5);
  expect(at(0, 0, 'cms.0', 'drift')).toBeCloseTo(cms.delta / cms.before, 5);
  // Nothing else changed then; later it did, and this level only keeps its drift.
  for (const { id } of levels) if (id !== 'cms.0') expect(at(0, 0, id, 'fired'), id).toBe(0);
  expect([at(1, 0, 'cms.0', 'fired'), at(1, 0, 'cms.0', 'pending')]).toEqual([0, 1]);
  expect(at(1, 0, 'cms.0', 'drift')).toBeCloseTo(cms.delta / cms.before, 5);
  const memory = norms('step_9.safetensors', 'step_10.safetensors', /^blocks\.0\.selfmod\.m_memory\./);
  expect(at(1, 0, 'memory', 'deltaNorm')).toBeCloseTo(memory.delta, 5);
  // What lies outside of the blocks is one more.
  const embed = norms('step_9.safetensors', 'step_10.safetensors', /^(?!blocks\.)/);
  expect(blocks).toBe(TINY_CONFIG.blocks + 1);
  expect(at(1, blocks - 1, 'outer', 'deltaNorm')).toBeCloseTo(embed.delta, 5);
});

test('the command line writes and reports it, and says that it has no states', async () => {
  const out = join(folder, 'cli.hoperun');
  const { snapshots, changes } = await runJson<{ snapshots: string[]; changes: { level: string }[] }>([
    ...['snapshots', join(folder, 'all'), '--out', out],
  ]);
  expect(snapshots).toEqual([...weights.keys()]);
  expect(changes.filter(({ level }) => level === 'cms.0').length).toBe(2);
  const { runs } = await runJson<{ runs: { updates: number; title: string; status: string }[] }>([
    'runs',
    out,
  ]);
  expect(runs[0]).toMatchObject({ updates: 2, title: 'Snapshots in all', status: 'finished' });
  const report = await runCli(['report', out, '--out', join(folder, 'report')]);
  expect([report.code, report.stdout + report.stderr]).toEqual([
    0,
    expect.stringContaining('made of snapshots'),
  ]);
  const again = await runCli(['snapshots', join(folder, 'all'), '--out', out]);
  expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/exists and is not overwritten/)]);
});

test('what is no folder of snapshots is refused in words', async () => {
  const refusal = (path: string) =>
    writeSnapshotRun(path, join(folder, 'refused.hoperun'), { engineVersion }).then(
      () => '',
      ({ message, remedy }: CheckpointError) => `${message}. ${remedy}`,
    );
  expect(await refusal(join(folder, 'nowhere'))).toMatch(/nowhere: cannot be opened: /);
  mkdirSync(join(folder, 'one'));
  expect(await refusal(join(folder, 'one'))).toMatch(/holds no snapshots.*Name a folder/);
  const file = join(folder, 'one', 'a.safetensors');
  cpSync(join(folder, 'all', 'step_2.safetensors'), file);
  expect(await refusal(join(folder, 'one'))).toMatch(/holds one snapshot only, a\.safetensors/);
  cpSync(join(CHECKPOINTS, 'km_compiled_tiny/step_000010.pt'), join(folder, 'one', 'b.pt'));
  expect(await refusal(join(folder, 'one'))).toMatch(
    /b\.pt: shares only \d+ of \d+ tensors with a\.safetensors/,
  );
  writeFileSync(join(folder, 'one', 'c.npz'), 'no archive');
  rmSync(join(folder, 'one', 'b.pt'));
  expect(await refusal(join(folder, 'one'))).toMatch(/c\.npz/);
  expect(await refusal(join(CHECKPOINTS, 'llama_tiny'))).toMatch(/is the folder of one checkpoint/);
});

test('a run that is cancelled says so, and has what was read', async () => {
  const path = join(folder, 'cancelled.hoperun');
  const controller = new AbortController();
  const written = writeSnapshotRun(join(folder, 'all'), path, {
    engineVersion,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(written).rejects.toThrow();
  const reader = RunReader.open(path);
  expect([reader.status, reader.updatesCount]).toEqual(['cancelled', 1]);
  reader.close();
});
