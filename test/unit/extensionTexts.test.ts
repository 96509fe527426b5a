import { describe, expect, it } from 'vitest';
import { type ProbeChange, type TrainResult, writeProbeText } from '../../engine/protocol/index.ts';
import { duration, factor, megabytes, probability } from '../../extension/training/figures.ts';
import { parseProbe, proposeProbe } from '../../extension/training/probeText.ts';
import { progressText, resultText, sizeQuestion, stoppedText } from '../../extension/training/resultText.ts';

const level = (id: string, relativeChange: number) => ({
  ...{ id, period: 4, updates: 3, relativeChange, drift: relativeChange, meanRelativeUpdate: 0 },
});
const score = (p: number, rank: number) => ({
  ...{ probability: p, rank, meanLogProbability: Math.log(p), tokens: 1 },
});
const probe = (answer: string, before: number, after: number): ProbeChange => ({
  ...{ prompt: 'in', answer, before: score(before, 812), after: score(after, 1) },
});
const result: TrainResult = {
  ...{ runId: 'r', status: 'finished', tokens: 10, positions: 80, updates: 20, seconds: 1 },
  ...{ surpriseFirst: 4.1, surpriseLast: 1.204 },
  levels: [level('memory', 0.071), level('projections', 0.002), level('cms.0', 0.01), level('cms.1', 0)],
  probes: [probe(' Lisbon', 0.0003, 0.12)],
};

describe('resultText', () => {
  it('tells what was done, each probe with its factor, and which level changed most', () => {
    expect(resultText('people.txt, line 1', result)).toBe(
      'Trained on people.txt, line 1: 20 updates, mean surprise 4.10 → 1.20 nats. ' +
        'p(“Lisbon”) 3.0e-4 → 0.12, ×400, rank 812 → 1. ' +
        'memory changed most: 7.1e-2 relative; cms.0 1.0e-2, projections 2.0e-3.',
    );
  });

  it('tells how far a stopped training came', () => {
    expect(resultText('a', { ...result, status: 'cancelled', updates: 1, probes: [] })).toMatch(
      /^Stopped training on a after 1 update; the memory keeps them\. memory changed most/,
    );
  });

  it('counts the probes that it does not show', () => {
    const probes = ['a', 'b', 'c', 'd', 'e'].map(answer => probe(answer, 0.1, 0.2));
    const text = resultText('a', { ...result, probes });
    expect(text).toContain('p(“c”)');
    expect(text).not.toContain('p(“d”)');
    expect(text).toContain('2 more probes in the Probes view.');
  });

  it('says so when no level changed, and claims nothing without levels', () => {
    expect(resultText('a', { ...result, levels: [level('memory', 0)] })).toContain('No level changed.');
    expect(resultText('a', { ...result, levels: [] })).not.toContain('level');
    expect(resultText('a', result)).not.toMatch(/stored|knows/);
  });
});

describe('stoppedText', () => {
  it('says where a training ended and which updates are left of it', () => {
    expect(stoppedText({ position: 1576, updates: 1394 }, 'The engine stopped (SIGKILL).')).toEqual({
      headline: 'Training stopped at token 1\u2009576',
      detail: 'The engine stopped (SIGKILL). Updates 1 to 1\u2009394 are kept in the run.',
    });
    expect(stoppedText({ position: 4, updates: 1 }, 'Why.').detail).toBe('Why. Update 1 is kept in the run.');
    expect(stoppedText({ position: 0, updates: 0 }, 'Why.').detail).toBe('Why.');
  });
});

describe('progressText', () => {
  it('shows the share, the token and the speed', () => {
    expect(progressText({ position: 812, total: 1200, tokensPerSecond: 85.7 })).toBe(
      '67 %, token 812 of 1\u2009200, 86 tokens/s',
    );
    expect(progressText({ position: 9, total: 8, tokensPerSecond: 1 })).toMatch(/^100 %/);
  });
});

describe('sizeQuestion', () => {
  it('estimates the time from the last training', () => {
    expect(sizeQuestion(20_000_000, 8, { tokensPerSecond: 1000, bytesPerToken: 4 })).toBe(
      '20.0 MB of text, 8 passes. That is about 5\u2009000\u2009000 tokens a pass and, at the 1\u2009000 tokens/s of the last training, 11.1 h. You can stop at any time.',
    );
  });

  it('promises nothing before a first training', () => {
    expect(sizeQuestion(2_000_000, 1)).toContain('not known before a first training');
    expect(sizeQuestion(2_000_000, 1, { tokensPerSecond: 0, bytesPerToken: Number.NaN })).toContain(
      'not known',
    );
  });
});

describe('figures', () => {
  it('keep the digits that count', () => {
    expect([0.5, 0.0123, 0.00099, 1, 0].map(probability)).toEqual(['0.5', '0.012', '9.9e-4', '1', '0.0e+0']);
    expect(factor(0.1, 0.093)).toBe('×0.93');
    expect(factor(0, 0.1)).toBe('×∞');
    expect([0.2, 89, 600, 6000].map(duration)).toEqual(['1 s', '89 s', '10 min', '1.7 h']);
    expect([512, 1_500_000].map(megabytes)).toEqual(['0.5 kB', '1.5 MB']);
  });
});

describe('probes in words', () => {
  it('reads a prompt and an answer', () => {
    expect(parseProbe(' Mira was born in =>Lisbon ')).toEqual({
      prompt: 'Mira was born in',
      answer: 'Lisbon',
    });
    expect(parseProbe('x => x + 1 => f')).toEqual({ prompt: 'x => x + 1', answer: 'f' });
  });

  it.each([
    ['Mira was born', 'Write a prompt, =>, and the answer expected after it.'],
    [' => Lisbon', 'There is no prompt before =>.'],
    ['Mira => ', 'There is no answer after =>.'],
    ['', 'Write a prompt, =>, and the answer expected after it.'],
  ])('refuses %j', (text, reason) => {
    expect(parseProbe(text)).toBe(reason);
  });

  it.each(['in => Lisbon', 'a => b => c'])('writes %j as it was read', text => {
    const parsed = parseProbe(text);
    if (typeof parsed === 'string') throw new Error(parsed);
    expect(writeProbeText(parsed)).toBe(text);
  });

  it('proposes the last word of a selected sentence', () => {
    expect(proposeProbe('Mira Halloway was born\n in Lisbon.')).toBe('Mira Halloway was born in => Lisbon');
    expect(proposeProbe('Lisbon')).toBe('Lisbon');
    expect(proposeProbe('a b '.repeat(200))).toBe('');
    expect(proposeProbe(' ?! ')).toBe('');
  });
});
