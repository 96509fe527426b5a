import { describe, expect, it } from 'vitest';
import type { ProbeScore } from '../../engine/protocol/index.ts';
import {
  probeDescription,
  probeFigures,
  probeLabel,
  probeSpeech,
  probeTooltip,
} from '../../extension/trees/probeRow.ts';

const probe = { prompt: 'Mira Halloway was\n born in', answer: ' Lisbon' };
const score = (logProbability: number, rank: number, tokens = 1): ProbeScore => ({
  ...{ probability: Math.exp(logProbability), meanLogProbability: logProbability / tokens, rank, tokens },
});
const entry = { probe, before: score(Math.log(0.002), 1234), score: score(Math.log(0.5), 1) };

describe('rows of the Probes tree', () => {
  it('are one line, whatever the probe holds', () => {
    expect(probeLabel({ probe })).toBe('Mira Halloway was born in → Lisbon');
  });

  it('show the score and how much it changed', () => {
    expect(probeDescription({ probe })).toBe('not scored');
    expect(probeDescription({ probe, score: entry.score })).toBe('0.5 · rank 1');
    expect(probeDescription(entry)).toBe('0.5 · rank 1 · ×250, +5.52 nats');
    expect(probeDescription({ ...entry, before: entry.score, score: entry.before })).toBe(
      '0.002 · rank 1\u2009234 · ×0.004, −5.52 nats',
    );
  });

  it('count in nats where a probability is too small for a number', () => {
    const tiny = { probe, before: score(-900, 9000, 30), score: score(-800, 20, 30) };
    expect(tiny.before.probability).toBe(0);
    expect(probeDescription(tiny)).toBe('3.7e-348 · rank 20 · +100.00 nats');
  });

  it('say the same in a table and in words', () => {
    expect(
      probeTooltip(entry)
        .split('\n')
        .filter(line => line.startsWith('|')),
    ).toEqual([
      '|  | before the training | now |',
      '|:--|--:|--:|',
      '| p(answer) | 0.002 | 0.5 |',
      '| rank | 1\u2009234 | 1 |',
      '| mean log p, nats | −6.215 | −0.693 |',
    ]);
    expect(probeTooltip({ probe })).toContain('Not scored');
    expect(probeSpeech(entry)).toBe(
      'Lisbon after Mira Halloway was born in, probability 0.5, rank 1, up ×250, +5.52 nats.',
    );
  });

  it('have their numbers below them', () => {
    expect(probeFigures(entry)).toEqual([
      { name: 'p(answer)', now: '0.5', past: '0.002' },
      { name: 'rank', now: '1', past: '1\u2009234' },
      { name: 'mean log p, nats', now: '−0.693', past: '−6.215' },
      { name: 'change', now: '×250, +5.52 nats' },
    ]);
    expect(probeFigures({ probe, score: entry.score })[1]).toEqual({
      name: 'rank',
      now: '1',
      past: undefined,
    });
    expect(probeFigures({ probe })).toEqual([]);
  });

  it('cannot be given markup by a prompt', () => {
    const nasty = { prompt: '**x** [a](command:b)|`', answer: '<img>' };
    const [title] = probeTooltip({ probe: nasty, score: entry.score }).split('\n');
    expect(title.replace(/&#\d+;/g, '')).toBe('**x acommandb** → **img**');
  });
});
