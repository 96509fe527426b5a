import { describe, expect, test } from 'vitest';
import type { AbsorptionReport, LevelContribution } from '../../engine/protocol/index.ts';
import { parseRange } from '../../extension/absorption/range.ts';
import { reportMarkdown, summary } from '../../extension/absorption/reportText.ts';
import type { FactReport } from '../../extension/state/factReport.ts';

const level = (id: string, changes: Partial<LevelContribution> = {}): LevelContribution => ({
  ...{ level: id, shapley: 0, necessity: 0, sufficiency: 0, interaction: 0, updates: 0, frozen: false },
  control: { mean: 0, deviation: 0, count: 0 },
  zScore: Number.NaN,
  path: [0, 0],
  ...changes,
});

const REPORT: AbsorptionReport = {
  ...{ from: 0, to: 1200, before: Math.log(0.002), after: Math.log(0.25), gain: Math.log(125) },
  ...{ standardError: 0.2, significant: true, pathResidual: -0.0123, halfGainAt: 840 },
  levels: [
    level('memory', {
      shapley: 1.2,
      updates: 300,
      path: [0.7, 0.5],
      zScore: 6.24,
      control: { mean: -0.01, deviation: 0.2, count: 24 },
    }),
    level('cms.0', {
      shapley: Math.log(125) - 1.2,
      necessity: 2,
      sufficiency: 3,
      interaction: -1,
      updates: 75,
      path: [1, 2],
    }),
    level('cms.1', { frozen: true }),
    level('cms.2', { tokensToGo: 1024 }),
  ],
  paraphrases: [{ before: -3, after: -2 }],
  neighbours: [{ before: -1, after: -1.5 }],
  handOver: {
    updates: [600, 1200],
    shapley: [
      [1, 0, 0, 0],
      [1.2, 3.6, 0, 0],
    ],
  },
};

const answer = (changes: Partial<AbsorptionReport> = {}): FactReport => ({
  path: '/runs/a.hoperun',
  title: 'people.txt, line 1',
  fact: { prompt: 'Mira *Halloway* was\nborn | in', answer: '[Lisbon](x)' },
  paraphrases: [{ prompt: 'Her town of birth is', answer: 'Lisbon' }],
  neighbours: [{ prompt: 'Later she lived in', answer: 'Porto' }],
  report: { ...REPORT, ...changes },
});

describe('the report on levels', () => {
  test('has every number that it was given, in tables', () => {
    const text = reportMarkdown(answer());
    for (const row of [
      '| memory | 300 | +1.200 | 25 % | 6.2 |',
      '| cms.0 | 75 | +3.628 | 75 % | – |',
      '| memory | 0 | 0 | 0 | −0.010 ± 0.200 |',
      '| cms.0 | +3.000 | +2.000 | −1.000 | – |',
      '- cms.1 is frozen: its learning rate is 0.',
      '- cms.2 has not been updated yet: 1\u2009024 tokens to go until it is.',
      'Half of the gain was there after update 840.',
      '| memory | +0.700 | +0.500 |',
      'What its points miss: −0.012 nats.',
      '| 1\u2009200 | +1.200 | +3.600 | 0 | 0 |',
      '| Her town of birth is → Lisbon | 0.05 | 0.14 | +1.000 |',
      '| Later she lived in → Porto | 0.37 | 0.22 | −0.500 |',
    ]) {
      expect(text).toContain(row);
    }
    expect(text).toContain('It does not say where a fact is stored.');
  });

  test('cannot be broken by what a probe holds', () => {
    const text = reportMarkdown(answer());
    expect(text).toContain('Mira &#42;Halloway&#42; was born &#124; in');
    expect(text).not.toContain('[Lisbon](x)');
  });

  test('says in a sentence which level contributed most', () => {
    expect(summary(REPORT)).toBe(
      'p(answer) a token went from 0.002 to 0.25, +4.828 nats. The largest contribution is that of cms.0’s change: +3.628 nats, 75 % of the gain.',
    );
  });

  test('credits no level where the gain is within chance', () => {
    const text = reportMarkdown(answer({ significant: false, halfGainAt: undefined }));
    expect(text).toContain('n/a: random changes of the same size do as much');
    expect(text).toContain('| memory | 300 | n/a | n/a | 6.2 |');
    for (const absent of ['Hand-over', 'By block', 'Half of the gain']) expect(text).not.toContain(absent);
  });
});

test.each([
  ['0 to 40', { from: 0, to: 40 }],
  [' 3–7 ', { from: 3, to: 7 }],
  ['3 7', { from: 3, to: 7 }],
  ['7 to 3', undefined],
  ['0 to 41', undefined],
  ['all', undefined],
  ['5 to 5', undefined],
])('a stretch of updates: %s', (text, range) => {
  expect(parseRange(text, 40)).toEqual(range);
});
