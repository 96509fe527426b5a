import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskBudget } from '../../engine/session/diskBudget.ts';
import { UnitCost } from '../../engine/session/unitCost.ts';

test('of the last three costs the cheapest counts, and the first no more than it may', () => {
  const cost = new UnitCost(1e-9);
  expect(cost.of(1000)).toBe(0);
  cost.add(5, 1000);
  expect(cost.of(1000)).toBeCloseTo(1e-6, 12);
  cost.add(3, 1000);
  cost.add(2, 1000);
  expect(cost.of(1000)).toBeCloseTo(1e-6, 12);
  cost.add(4, 1000);
  expect(cost.of(500)).toBeCloseTo(1, 12);
});

test('the states of a run take no more than was asked for, nor than a tenth of what the disk has free', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hopescope-budget-'));
  const path = join(folder, 'run.hoperun');
  expect(diskBudget(path, 1000)).toBe(1000);
  const { blocks, bsize } = statfsSync(folder);
  const most = diskBudget(path, Number.MAX_SAFE_INTEGER);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(0.1 * blocks * bsize);
  rmSync(folder, { recursive: true });
  expect(diskBudget(path, 1234), 'a folder that does not tell').toBe(1234);
});
