import { describe, expect, test } from 'vitest';
import type { StoredTensor } from '../../engine/archive/archive.ts';
import { describeArchive } from '../../engine/archive/describeArchive.ts';
import { levelMapOf } from '../../engine/archive/levelMap.ts';
import { namePattern } from '../../engine/archive/namePattern.ts';
import { openFixture } from '../support/checkpoints.ts';

function placed(name: string, others: readonly string[] = [], config?: unknown) {
  const tensors = new Map([name, ...others].map(key => [key, {} as StoredTensor]));
  return levelMapOf({ tensors, config }).place(name);
}

describe('the public Hope', () => {
  test.each([
    ['blocks.0.selfmod.m_memory.w1.weight', 0, 'selfmod', 'memory', 'm_memory.w1.weight'],
    ['blocks.3.selfmod.m_eta.w_skip.weight', 3, 'selfmod', 'projections', 'm_eta.w_skip.weight'],
    ['blocks.1.selfmod.w_q.weight', 1, 'selfmod', 'outer', 'w_q.weight'],
    ['blocks.12.cms.blocks.cms_mid.net.1.weight', 12, 'cms', 'cms.1', 'net.1.weight'],
    ['_orig_mod.blocks.0.cms.blocks.cms_slow.net.3.bias', 0, 'cms', 'cms.2', 'net.3.bias'],
    ['blocks.0.attn.qkv.weight', 0, 'attn', 'outer', 'qkv.weight'],
    ['_orig_mod.embed.weight', -1, 'embed', 'outer', 'weight'],
    ['blocks.0.titan_memory.net.0.weight', 0, 'titan_memory', 'memory', 'net.0.weight'],
  ])('%s', (name, block, module, level, leaf) => {
    const others = ['fast', 'mid', 'slow']
      .map(cms => `blocks.0.cms.blocks.cms_${cms}.net.0.weight`)
      .reverse();
    expect(placed(name, others)).toEqual({ block, module, level, leaf });
  });

  test('levels, their order and periods are those of the file', async () => {
    const archive = await openFixture('km_selfmod_tiny', 'step_000010.pt');
    const info = describeArchive(archive);
    expect(info.family).toBe('Hope (PyTorch)');
    expect(info.levels).toEqual([
      { id: 'memory', period: 16 },
      { id: 'projections', period: 8 },
      { id: 'cms.0', period: 1 },
      { id: 'cms.1', period: 4 },
      { id: 'cms.2', period: 16 },
      { id: 'outer', period: 0 },
    ]);
    // The tied head counts once, the optimizer's moments not at all.
    expect(info.parameters).toBe(75648);
    expect(info.tensors.find(({ name }) => name === 'lm_head.weight')).toMatchObject({
      sameAs: 'embed.weight',
    });
    const moment = info.tensors.find(({ name }) => name.endsWith('exp_avg'))!;
    expect(moment).toMatchObject({ block: -1, module: 'optimizer' });
    expect(moment.level).toBeUndefined();
    await archive.close();
  });
});

test("this program's own names, in a base and in a fast state", () => {
  const names = ['blocks.1.cms.2.expand.weight', 'blocks.1.selfmod.m_v.w2'];
  const config = { titans: { memory_period: 4, projections_period: 8 }, cms: { periods: [16, 64, 256] } };
  expect(placed(names[0], names)).toEqual({ block: 1, module: 'cms', level: 'cms.2', leaf: 'expand.weight' });
  expect(placed(`fast.${names[1]}`)).toEqual({
    block: 1,
    module: 'selfmod',
    level: 'projections',
    leaf: 'm_v.w2',
  });
  expect(placed(`sum.${names[0]}`, names)).toMatchObject({ block: 1, module: 'open chunk', level: 'cms.2' });
  expect(placed('open.1.memory.logAlpha', names)).toMatchObject({
    block: 1,
    level: 'memory',
    leaf: 'logAlpha',
  });
  const tensors = new Map(names.map(name => [name, {} as StoredTensor]));
  expect(levelMapOf({ tensors, config }).levels).toEqual([
    { id: 'projections', period: 8 },
    { id: 'cms.2', period: 256 },
  ]);
});

test.each([
  ['llama_tiny', 'Llama', 'model.layers.2.self_attn.q_proj.weight', 2, 'self_attn', 'q_proj.weight', 68688],
  ['gpt2_tiny', 'GPT-2', 'transformer.h.1.mlp.c_fc.weight', 1, 'mlp', 'c_fc.weight', undefined],
])('%s', async (folder, family, name, block, module, leaf, parameters) => {
  const archive = await openFixture(folder);
  const info = describeArchive(archive);
  expect(info.family).toBe(family);
  expect(info.levels.map(({ id }) => id)).toEqual(['outer']);
  expect(info.tensors.find(tensor => tensor.name === name)).toMatchObject({
    block,
    module,
    leaf,
    level: 'outer',
  });
  if (parameters) expect(info.parameters).toBe(parameters);
  await archive.close();
});

describe('patterns of names', () => {
  const names = ['enc.layer.3.fast.w', 'enc.layer.3.slow.w', 'head'];
  const tensors = new Map(names.map(name => [name, {} as StoredTensor]));

  test('the first that fits decides; the rest stays as it was', () => {
    const map = levelMapOf(
      { tensors },
      { '**.{block}.fast.*': 'cms.0', '**.fast.**': 'memory', 'enc.**': 'cms.1' },
    );
    expect(map.place(names[0])).toMatchObject({ block: 3, level: 'cms.0' });
    expect(map.place(names[1])).toMatchObject({ block: 3, level: 'cms.1' });
    expect(map.place(names[2])).toMatchObject({ block: -1, level: 'outer' });
    expect(map.levels.map(({ id }) => id)).toEqual(['cms.0', 'cms.1', 'outer']);
  });

  test('a star stays within a part, and nothing in a pattern is an expression', () => {
    expect(namePattern('a.*.c')('a.b.c')).toBeTruthy();
    expect(namePattern('a.*.c')('a.b.b.c')).toBeUndefined();
    expect(namePattern('a.(b|c)+')('a.b')).toBeUndefined();
    expect(namePattern('a.(b|c)+')('a.(b|c)+')).toBeTruthy();
    expect(namePattern('x{block}y')('x12y')).toEqual({ block: 12 });
  });

  test('what cannot be read is refused in words', () => {
    expect(() => levelMapOf({ tensors }, { head: 'fastest' })).toThrow(/"fastest" is no level/);
    expect(() => levelMapOf({ tensors }, { [`${'*'.repeat(1)}a`.repeat(9)]: 'outer' })).toThrow(
      /at most 8 wildcards/,
    );
    expect(() => levelMapOf({ tensors }, { '': 'outer' })).toThrow(/1 to 300 characters/);
  });
});
