import { expect, test } from 'vitest';
import type { LevelInfo } from '../../engine/protocol/index.ts';
import { firedLevels, Moment } from '../../extension/debugger/moment.ts';
import type { Stepper } from '../../extension/debugger/stepper.ts';
import type { VariableNode } from '../../extension/debugger/variables/node.ts';
import { scopesOf } from '../../extension/debugger/variables/scopes.ts';
import { synthetic } from '../webview/synthetic.ts';

const LEVELS: readonly LevelInfo[] = [
  { id: 'memory', period: 4 },
  { id: 'cms.0', period: 8 },
  { id: 'cms.0.w1', period: 8 },
  { id: 'cms.0.w2', period: 8 },
];

test('what an optimizer remembers stands inside its level', async () => {
  const [update] = synthetic(1, 1, { levels: LEVELS, blocks: 2 });
  const run = { levels: LEVELS, blocks: 2, probes: [], options: { learningRates: {} } };
  const stepper = { run, describe: async () => [] } as unknown as Stepper;
  const moment = new Moment(stepper, 2, update);
  const scope = scopesOf(stepper, moment).find(({ name }) => name === 'Levels')!;
  const below = async ({ children }: Pick<VariableNode, 'children'>) => (await children?.()) ?? [];
  const levels = await scope.children();
  expect(levels.map(({ name }) => name)).toEqual(['memory', 'cms.0']);
  const names = async (node: VariableNode) => (await below(node)).map(({ name }) => name);
  expect(await names(levels[0])).not.toContain('optimizer');
  const optimizer = (await below(levels[1])).find(({ name }) => name === 'optimizer')!;
  expect(optimizer.value).toBe('w1, w2');
  const [w1] = await below(optimizer);
  expect(w1.name).toBe('w1');
  expect(w1.value).toMatch(/^written, ρ [\d.e-]+, surprise 0\.0\d+, ‖m‖ 8$/);
  // Watched and asked for as a level is.
  expect(w1.dataId).toBe('level cms.0.w1');
  const rho = (await below(w1)).find(({ name }) => name === 'rho')!;
  expect(rho.expression).toBe('rho("cms.0.w1")');
  expect((await below(w1)).some(({ name }) => name === 'block 1')).toBe(true);
  // Stepping goes by the levels of the model.
  expect(firedLevels(stepper.run, update)).toEqual(['memory', 'cms.0']);
});
