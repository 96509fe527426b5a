import { describe, expect, test } from 'vitest';
import { CheckpointError } from '../../engine/checkpoint/checkpointError.ts';
import { type HopeConfig, levelsOf, parseConfig, tickOf } from '../../engine/checkpoint/config.ts';

const valid: HopeConfig = {
  model_type: 'hope',
  format: 1,
  name: 'Tiny',
  vocabulary: 384,
  width: 24,
  blocks: 2,
  heads: 3,
  convolution: 4,
  titans: {
    memory_period: 8,
    projections_period: 12,
    eta_scale: 0.1,
    eta_bias: -2,
    eta_ceiling: 0.5,
    gradient_ceiling: 1,
    alpha_bias: 4,
    qk_norm: true,
  },
  cms: { periods: [16, 64, 256], hidden_multiplier: 1.5 },
  learning_rates: { memory: 1, 'cms.2': 0 },
};

/** A copy with the field at a dotted path set, or removed when the value is undefined. */
function change(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(valid));
  const keys = path.split('/');
  const last = keys.pop()!;
  const owner = keys.reduce((object, key) => object[key], copy);
  if (value === undefined) delete owner[last];
  else owner[last] = value;
  return copy;
}

describe('parseConfig', () => {
  test('gives back a valid configuration, without fields it does not know', () => {
    expect(
      parseConfig(JSON.parse(JSON.stringify({ ...valid, torch_dtype: 'float32' })), 'config.json'),
    ).toEqual(valid);
  });

  const everyField = Object.entries(valid).flatMap(([key, value]) =>
    key === 'titans' || key === 'cms'
      ? Object.keys(value)
          .map(inner => `${key}/${inner}`)
          .concat(key)
      : [key],
  );
  test.each(everyField)('%s missing, or of another kind', path => {
    const name = path.replace('/', '.');
    for (const [value, found] of [
      [undefined, `${name} is missing, but must be`],
      [null, `${name} is null, but must be`],
      [path === 'name' ? '' : 'word', `${name} is "${path === 'name' ? '' : 'word'}", but must be`],
    ] as const) {
      expect(() => parseConfig(change(path, value), 'x/config.json')).toThrow(CheckpointError);
      expect(() => parseConfig(change(path, value), 'x/config.json')).toThrow(`x/config.json: ${found}`);
    }
  });

  test.each([
    ['model_type', 'llama', 'model_type is "llama", but must be "hope"'],
    ['format', 2, 'format is 2, but must be 1'],
    ['vocabulary', 0, 'vocabulary is 0, but must be a whole number from 1 to 16777216'],
    ['vocabulary', 1e300, 'a whole number from'],
    ['width', 25, 'width is 25, but must be a multiple of heads (3)'],
    ['heads', 2.5, 'heads is 2.5, but must be a whole number'],
    ['blocks', -1, 'blocks is -1'],
    ['titans/memory_period', 0, 'titans.memory_period is 0, but must be a whole number from 1'],
    ['titans/projections_period', 1.5, 'titans.projections_period is 1.5'],
    ['titans/eta_scale', 0, 'titans.eta_scale is 0, but must be greater than 0'],
    ['titans/eta_ceiling', 1.5, 'titans.eta_ceiling is 1.5, but must be a finite number from 0 to 1'],
    ['titans/qk_norm', 1, 'titans.qk_norm is 1, but must be true or false'],
    ['cms/periods', [], 'cms.periods is a list of 0, but must be a list of 1 to 64 periods'],
    ['cms/periods', [16, 16], 'strictly growing (16 is followed by 16)'],
    ['cms/periods', [16, 8], 'strictly growing (16 is followed by 8)'],
    ['cms/periods', [16, '64'], 'cms.periods[1] is "64", but must be a whole number'],
    ['cms/hidden_multiplier', 1.3, 'cms.hidden_multiplier is 1.3, but must be such that'],
    [
      'learning_rates',
      { 'cms.3': 1 },
      'learning_rates.cms.3 is 1, but must be left out: the levels are memory',
    ],
    ['learning_rates', { memory: -1 }, 'learning_rates.memory is -1, but must be a finite number from 0'],
    ['learning_rates', { memory: null }, 'learning_rates.memory is null'],
    ['name', 'x'.repeat(201), 'name is "xxx'],
  ])('%s = %j', (path, value, message) => {
    expect(() => parseConfig(change(path, value), 'config.json')).toThrow(message);
  });

  test.each([null, [], 'text', 3])('a root that is %j', root => {
    expect(() => parseConfig(root, 'config.json')).toThrow('the file is');
  });
});

test('levels go from fast to slow, outer last; the tick divides every period', () => {
  expect(levelsOf(valid)).toEqual([
    { id: 'memory', period: 8 },
    { id: 'projections', period: 12 },
    { id: 'cms.0', period: 16 },
    { id: 'cms.1', period: 64 },
    { id: 'cms.2', period: 256 },
    { id: 'outer', period: 0 },
  ]);
  expect(tickOf(valid)).toBe(4);
  expect(tickOf({ ...valid, cms: { ...valid.cms, periods: [15] } })).toBe(1);
});
