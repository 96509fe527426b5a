import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { levelsOf, parseConfig } from '../../engine/checkpoint/config.ts';
import { parameterSpecs } from '../../engine/model/parameters.ts';
import type { TensorInfo } from '../../engine/protocol/index.ts';
import { type CheckpointNode, checkpointTree, relativeDelta } from '../../extension/trees/checkpointNodes.ts';
import { rowDescription, rowSpeech, rowTooltip } from '../../extension/trees/checkpointText.ts';

const recipe = new URL('../../engine/recipes/hope-mini.json', import.meta.url);
const config = parseConfig(
  {
    ...JSON.parse(readFileSync(recipe, 'utf8')).model,
    ...{ name: 'hope-test', vocabulary: 300, width: 16, blocks: 2, heads: 2 },
    cms: { periods: [64, 256, 1024], hidden_multiplier: 4 },
  },
  'config.json',
);
const model = { name: config.name, levels: levelsOf(config) };

/** Every tensor of a real model with norm 3; those of fast levels changed by 4. */
const tensors: TensorInfo[] = parameterSpecs(config).map(({ name, block, module, level, shape }) => ({
  ...{ name, block, module, level, shape, dtype: 'F32', norm: 3 },
  delta: level === 'outer' ? 0 : 4,
}));

function all(node: CheckpointNode): CheckpointNode[] {
  return [node, ...node.children.flatMap(all)];
}
const at = (node: CheckpointNode, ...labels: string[]): CheckpointNode =>
  labels.reduce((found, label) => found.children.find(child => child.label === label)!, node);

describe('checkpointTree', () => {
  const tree = checkpointTree(model, tensors);

  it('goes from the model over blocks, modules and levels to the tensors', () => {
    expect(tree.children.map(child => child.label)).toEqual(['embed', 'Block 0', 'Block 1', 'norm']);
    expect(at(tree, 'Block 1').children.map(child => child.label)).toEqual(['norm', 'selfmod', 'cms']);
    expect(at(tree, 'Block 1', 'selfmod').children.map(child => child.label)).toEqual([
      'memory',
      'projections',
      'outer',
    ]);
    expect(at(tree, 'Block 0', 'cms').children.map(child => child.label)).toEqual([
      'cms.0',
      'cms.1',
      'cms.2',
    ]);
    expect(at(tree, 'Block 0', 'cms', 'cms.1').children.map(child => child.label)).toEqual([
      'norm.weight',
      'norm.bias',
      'expand.weight',
      'expand.bias',
      'contract.weight',
      'contract.bias',
    ]);
    expect(at(tree, 'Block 0', 'selfmod', 'memory').children.map(child => child.label)).toEqual([
      'm_memory.w1',
      'm_memory.w2',
    ]);
    expect(at(tree, 'embed', 'outer', 'weight').tensor?.name).toBe('embed.weight');
  });

  it('holds every tensor once, under ids that are the same the next time', () => {
    const rows = all(tree);
    expect(new Set(rows.map(row => row.id)).size).toBe(rows.length);
    expect(
      rows
        .filter(row => row.tensor)
        .map(row => row.tensor!.name)
        .sort(),
    ).toEqual(tensors.map(({ name }) => name).sort());
    const later = checkpointTree(
      model,
      tensors.map(tensor => ({ ...tensor, norm: 9 })),
    );
    expect(all(later).map(row => row.id)).toEqual(rows.map(row => row.id));
  });

  it('sums parameters and adds norms as vectors', () => {
    const memory = at(tree, 'Block 0', 'selfmod', 'memory');
    expect(memory).toMatchObject({ tensors: 2, parameters: 2 * 2 * 8 * 8 });
    expect(memory.norm).toBeCloseTo(Math.sqrt(18));
    expect(memory.delta).toBeCloseTo(Math.sqrt(32));
    expect(tree.parameters).toBe(
      tensors.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0),
    );
    expect(at(tree, 'embed').delta).toBe(0);
  });

  it('does without tensors and with names of another make', () => {
    expect(checkpointTree(model, [])).toMatchObject({ children: [], parameters: 0, norm: 0 });
    const foreign = { ...tensors[0], name: 'outer.', module: '', level: '?', shape: [] };
    expect(at(checkpointTree(model, [foreign]), '', '?', 'outer.')).toMatchObject({ parameters: 1 });
  });
});

describe('rows of the Checkpoint tree', () => {
  const tree = checkpointTree(model, tensors);
  const tensor = at(tree, 'Block 0', 'cms', 'cms.1', 'expand.weight');

  it('say the change first', () => {
    expect(rowDescription(tensor)).toBe('Δ 1.3e+0 · ‖W‖ 3 · [64, 16] F32');
    expect(rowDescription(at(tree, 'embed', 'outer'))).toBe('Δ 0 · 4\u2009800 parameters');
    expect(relativeDelta({ norm: 0, delta: 0 })).toBe(0);
  });

  it('explain themselves in a table and in words', () => {
    const tooltip = rowTooltip(tensor).replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    expect(tooltip).toContain('**blocks.0.cms.1.expand.weight**');
    expect(tooltip).toContain('| ‖W − W₀‖ | 4 |');
    expect(tooltip).toContain('| level | cms.1 |');
    expect(rowSpeech(tensor)).toBe(
      'tensor expand.weight of level cms.1, shape 64 by 16, F32, norm 3, relative change 1.3e+0.',
    );
    expect(rowSpeech(at(tree, 'embed'))).toBe('module embed, 1 tensor, 4\u2009800 parameters, unchanged.');
  });

  it('cannot be given markup by a name in a file', () => {
    const named = { ...tensors[0], name: '[x](command:a)|\n# `$(trash)<img>' };
    const node = all(checkpointTree(model, [named])).find(row => row.tensor)!;
    expect(
      rowTooltip(node)
        .split('\n')[0]
        .replace(/&#\d+;/g, ''),
    ).toBe('**xcommanda trashimg**');
  });
});

describe("what a level's optimizer remembers", () => {
  const remembered = tensors.map(tensor => ({
    ...tensor,
    ...(tensor.level === 'cms.1' && {
      memories: [
        { name: 'first', shape: tensor.shape, norm: 2, deltaNorm: 0.3, surprise: 0.4 },
        { name: 'second', shape: tensor.shape, norm: 1 },
      ],
    }),
  }));
  const tree = checkpointTree(model, remembered);
  const first = at(tree, 'Block 0', 'cms', 'cms.1 · first');

  it('stands after its level as levels of their own, and adds nothing to the model', () => {
    expect(at(tree, 'Block 0', 'cms').children.map(({ label }) => label)).toEqual([
      'cms.0',
      'cms.1',
      'cms.1 · first',
      'cms.1 · second',
      'cms.2',
    ]);
    const plain = checkpointTree(model, tensors);
    for (const size of ['tensors', 'parameters', 'norm', 'delta'] as const)
      expect(tree[size]).toBe(plain[size]);
    expect(new Set(all(tree).map(row => row.id)).size).toBe(all(tree).length);
    expect(first).toMatchObject({ level: 'cms.1', tensors: 6 });
    expect(first.norm).toBeCloseTo(2 * Math.sqrt(6));
    expect(first.memory?.deltaNorm).toBeCloseTo(0.3 * Math.sqrt(6));
    expect(first.memory?.surprise).toBeCloseTo(0.4 * Math.sqrt(6));
    expect(at(tree, 'Block 0', 'cms', 'cms.1 · second').memory).toEqual({});
  });

  it('says how much its last write changed it and how surprised it was', () => {
    const row = at(first, 'expand.weight');
    expect(rowDescription(row)).toBe('‖Δm‖ 3.0e-1 · surprise 4.0e-1 · ‖m‖ 2 · 1\u2009024 numbers');
    expect(rowDescription(at(tree, 'Block 0', 'cms', 'cms.1 · second', 'norm.bias'))).toBe(
      '‖m‖ 1 · 16 numbers',
    );
    expect(rowSpeech(row)).toBe(
      'memory expand.weight of the optimizer of level cms.1, norm 2, changed by 3.0e-1, surprise 4.0e-1.',
    );
    expect(rowSpeech(at(tree, 'Block 0', 'cms', 'cms.1 · second', 'norm.bias'))).toBe(
      'memory norm.bias of the optimizer of level cms.1, norm 1, last write not measured.',
    );
    const tooltip = rowTooltip(row).replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    expect(tooltip).toContain('| surprise ‖∇‖ before it | 4.0e-1 |');
    expect(tooltip).toContain('begins at zero');
  });
});
