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

  test('defects of mode km, in the order of their list, and none without it', () => {
    const km = { ...valid, mode: 'km', heads: 1 } as const;
    const named = (defects: unknown) => ({ ...km, km: { defects } });
    const read = parseConfig(named(['shared-signal', 'unbiased-retention']), 'config.json');
    expect(read.km).toEqual({ defects: ['unbiased-retention', 'shared-signal'] });
    expect(parseConfig(km, 'config.json').km).toBeUndefined();
    const list =
      'misaligned-signals, unbiased-retention, unlearned-memories, unnormalised-keys, shared-signal';
    expect(() => parseConfig(named(['wiped']), 'x/config.json')).toThrow(
      `km.defects[0] is "wiped", but must be one of ${list}, each once`,
    );
    expect(() => parseConfig(named(undefined), 'x/config.json')).toThrow(
      `km.defects is missing, but must be a list of some of ${list}`,
    );
    expect(() => parseConfig({ ...valid, km: { defects: [] } }, 'x/config.json')).toThrow(
      'but must be left out: only mode km has such defects',
    );
  });

  test('the place of the norm is a choice of Hope-Attention alone', () => {
    const attention = { ...valid, system: 'hope-attention', norm: 'post', learning_rates: {} };
    expect(parseConfig(attention, 'config.json').norm).toBe('post');
    expect(() => parseConfig({ ...attention, norm: 'both' }, 'config.json')).toThrow(
      'norm is "both", but must be one of pre, post',
    );
    expect(() => parseConfig({ ...valid, norm: 'post' }, 'config.json')).toThrow(
      'norm is "post", but must be left out: only hope-attention has the choice, not hope',
    );
  });

  test('the scores are a choice of Hope-Attention alone, and in mode km those of the scaled dot product', () => {
    const attention = { ...valid, system: 'hope-attention', learning_rates: {} };
    const read = (fields: object) => () => parseConfig({ ...attention, ...fields }, 'config.json');
    expect(read({ scores: 'plain' })().scores).toBe('plain');
    expect(read({ mode: 'km', norm: 'post', scores: 'normed' })()).toMatchObject({ mode: 'km', heads: 3 });
    expect(read({ scores: 'cosine' })).toThrow(
      'scores is "cosine", but must be one of sharpened, normed, plain',
    );
    expect(() => parseConfig({ ...valid, scores: 'plain' }, 'config.json')).toThrow(
      'scores is "plain", but must be left out: only hope-attention has the choice, not hope',
    );
    expect(read({ mode: 'km', scores: 'normed' })).toThrow('norm is missing, but must be "post" in mode km');
    expect(read({ mode: 'km', norm: 'post' })).toThrow(
      'scores is missing, but must be "normed" or "plain" in mode km',
    );
    const km = { mode: 'km', norm: 'post', scores: 'plain', km: { defects: ['unbiased-retention'] } };
    expect(read(km)).toThrow('km.defects is a list of 1, but must be without unbiased-retention');
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

describe('options', () => {
  const parse = (json: unknown) => parseConfig(json, 'config.json');
  const level = (...optimizers: unknown[]) => change('cms/optimizers', optimizers);

  test('are given back as they were written, and nothing else is', () => {
    const options = {
      ...valid,
      titans: {
        ...valid.titans,
        objective: 'half-l2',
        memory: 'linear',
        adaptive: ['k', 'q'],
        values: 'shared',
        momentum: 0.9,
        erase: false,
        summing_heads: 1,
        retention: false,
      },
      cms: { ...valid.cms, form: 'nested', order: 'slow-first' },
    };
    expect(parse(JSON.parse(JSON.stringify(options)))).toEqual(options);
    expect(Object.keys(parse(JSON.parse(JSON.stringify(valid))).titans)).toEqual(Object.keys(valid.titans));
  });

  test('of an optimizer are completed', () => {
    const given = [{ kind: 'momentum' }, { kind: 'm3', slow_period: 7 }, { kind: 'sgd' }];
    const [first, second, third] = parse(level(...given)).cms.optimizers!;
    expect(first).toEqual({ kind: 'momentum', beta: 0.9 });
    expect(second).toMatchObject({ kind: 'm3', slow_period: 7, steps: 3, alpha: 0.5 });
    expect(third).toEqual({ kind: 'sgd' });
  });

  test.each([
    ['system', 'mamba', 'system is "mamba", but must be one of hope, hope-attention, titans, transformer'],
    [
      'system',
      'transformer',
      'cms.periods is a list of 3, but must be a list of one period: transformer has',
    ],
    ['system', 'titans', 'titans.adaptive is missing, but must be [] in titans'],
    ['system', 'deltanet', 'cms.periods is a list of 3, but must be a list of one period: deltanet has'],
    ['window', 8, 'window is 8, but must be left out: hope has no softmax attention'],
    ['titans/objective', 'l1', 'titans.objective is "l1", but must be one of l2, half-l2, dot-product'],
    ['titans/memory', 'deep', 'titans.memory is "deep", but must be one of mlp, linear'],
    [
      'titans/adaptive',
      ['k', 'k'],
      'titans.adaptive[1] is "k", but must be one of k, v, q, eta, alpha, each once',
    ],
    [
      'titans/adaptive',
      ['memory'],
      'titans.adaptive[0] is "memory", but must be one of k, v, q, eta, alpha, each once',
    ],
    ['titans/adaptive', 'k', 'must be a list of some of k, v, q, eta, alpha'],
    ['titans/momentum', 1, 'titans.momentum is 1, but must be a finite number from 0 to 0.999'],
    ['titans/momentum', -0.1, 'titans.momentum is -0.1'],
    ['titans/retention', false, 'titans.retention is false, but must be true while alpha is adaptive'],
    ['titans/erase', 'no', 'titans.erase is "no", but must be true or false'],
    ['titans/summing_heads', 9, 'titans.summing_heads is 9, but must be a whole number from 0 to'],
    ['titans/summing_heads', 0.5, 'titans.summing_heads is 0.5, but must be a whole number from 0 to'],
    ['cms/form', 'parallel', 'cms.form is "parallel", but must be one of sequential, nested, independent'],
    ['cms/optimizers', [{ kind: 'sgd' }], 'cms.optimizers is a list of 1, but must be a list of 3'],
  ])('%s = %j', (path, value, message) => {
    expect(() => parse(change(path, value))).toThrow(message);
  });

  test.each([
    [{ kind: 'lion' }, 'cms.optimizers[0].kind is "lion", but must be one of sgd, momentum'],
    [{}, 'cms.optimizers[0].kind is missing'],
    ['adamw', 'cms.optimizers[0] is "adamw", but must be a JSON object'],
    [
      { kind: 'momentum', beta: 1 },
      'cms.optimizers[0].beta is 1, but must be a finite number from 0 to 0.9999',
    ],
    [
      { kind: 'momentum', beta1: 0.5 },
      'cms.optimizers[0].beta1 is 0.5, but must be left out: momentum has beta',
    ],
    [{ kind: 'm3', steps: 0 }, 'cms.optimizers[0].steps is 0, but must be a whole number from 1'],
  ])('optimizer %j', (optimizer, message) => {
    expect(() => parse(level(optimizer, { kind: 'sgd' }, { kind: 'sgd' }))).toThrow(message);
  });

  test('nested periods divide each other; independent levels have no order', () => {
    const nested = { ...valid, cms: { ...valid.cms, form: 'nested', periods: [4, 10] } };
    expect(() => parse(nested)).toThrow(
      'each a multiple of the one before in a nested system (10 is none of 4)',
    );
    const beside = { ...valid, cms: { ...valid.cms, form: 'independent', order: 'fast-first' } };
    expect(() => parse(beside)).toThrow('cms.order is "fast-first", but must be left out');
  });

  test('a system without memories has only its feed-forward as a level, and needs no "titans"', () => {
    const { titans: _, ...rest } = valid;
    const transformer = { ...rest, system: 'transformer', convolution: 1, learning_rates: {}, window: 64 };
    const config = parse({ ...transformer, cms: { periods: [8], hidden_multiplier: 2 } });
    expect(levelsOf(config).map(({ id }) => id)).toEqual(['cms.0', 'outer']);
    expect(tickOf(config)).toBe(8);
    const odd = { ...transformer, width: 21, cms: { periods: [8], hidden_multiplier: 2 } };
    expect(() => parse(odd)).toThrow('width is 21, but must be an even number of channels a head (3)');
    const titans = { ...valid.titans, adaptive: [], values: 'shared' };
    const still = parse({
      ...valid,
      system: 'titans',
      titans,
      learning_rates: {},
      cms: { periods: [8], hidden_multiplier: 2 },
    });
    expect(levelsOf(still).map(({ id }) => id)).toEqual(['memory', 'cms.0', 'outer']);
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
