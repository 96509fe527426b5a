import { describe, expect, it } from 'vitest';
import { HOVER_COMMANDS, hoverText } from '../../extension/decorations/hoverText.ts';
import { lensText, nextChange } from '../../extension/decorations/lensText.ts';
import { levelColor } from '../../extension/decorations/levelColor.ts';
import { colorChip, commandLink, escapeMarkdown, visibleText } from '../../extension/decorations/markdown.ts';
import { fixed, norm, scientific } from '../../extension/decorations/numerals.ts';
import { probeOf } from '../../extension/decorations/probeProposal.ts';
import type { TokenNumbers } from '../../extension/decorations/tokenNumbers.ts';

const NASTY =
  '|`<b>[x](command:workbench.action.quit) $(trash) ![i](http://x/y.png)\n\n# h *b* _i_ &amp; \\|';

describe('escapeMarkdown', () => {
  it('leaves no character that Markdown, HTML or an icon could be made of', () => {
    const escaped = escapeMarkdown(NASTY);
    expect(escaped.replace(/&#\d+;/g, '')).toMatch(/^[\p{L}\p{N} ]*$/u);
    expect(escaped.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))).toBe(NASTY);
  });

  it('leaves letters of every script alone', () => {
    expect(escapeMarkdown('Ωμέγα 東京 é')).toBe('Ωμέγα 東京 é');
  });
});

describe('visibleText', () => {
  it('shows white space at the ends and what cannot be seen', () => {
    expect(visibleText(' Lisbon')).toBe('␣Lisbon');
    expect(visibleText('a b\n')).toBe('a b⏎');
    expect(visibleText('\u202e\u0000')).toBe('\\u{202e}\\u{0}');
    expect(visibleText('\ud800')).toBe('\ufffd');
  });

  it('cuts between characters, not inside one', () => {
    expect(visibleText('😀'.repeat(5), 3)).toBe('😀😀😀…');
  });
});

describe('commandLink', () => {
  it('carries any argument through the address and back', () => {
    const argument = { prompt: 'a) [b](c) "d" \'e\' % ~!*', answer: '東京 😀' };
    const link = commandLink('Go', 'hopescope.probe', argument);
    const [, query] = /^\[Go\]\(command:hopescope\.probe\?([^()'\s]+)\)$/.exec(link)!;
    expect(JSON.parse(decodeURIComponent(query))).toEqual([argument]);
  });

  it('survives half a surrogate pair', () => {
    expect(commandLink('Go', 'x', { prompt: '\ud83d' })).toContain('%EF%BF%BD');
  });
});

describe('hoverText', () => {
  const numbers: TokenNumbers = {
    token: 12345,
    first: 2.744,
    latest: 0.4,
    pass: 1,
    blocks: 4,
    levels: [
      {
        ...{ id: 'memory', period: 4, relative: 1.49e-2, lss: 2.914, eta: 0.041, alpha: 0.982 },
        firing: { kind: 'at', token: 232, pass: 1 },
      },
      {
        ...{
          id: 'cms.0',
          period: 1024,
          relative: Number.NaN,
          lss: 0.118,
          eta: Number.NaN,
          alpha: Number.NaN,
        },
        firing: { kind: 'in', tokens: 612 },
      },
      {
        ...{ id: 'cms.1', period: 2048, relative: 1e-3, lss: 0.00001, eta: Number.NaN, alpha: Number.NaN },
        firing: { kind: 'at', token: 3, pass: 2 },
      },
    ],
  };

  it('has one row a level, and a cell a number', () => {
    const text = hoverText(' Lisbon', numbers, undefined);
    expect(text).toContain('<code>&#9251;Lisbon</code> token 12\u2009345');
    expect(text).toContain('surprise when first read **2.74**, now **0.40** nats');
    const rows = text.split('\n').filter(line => line.startsWith('| <span'));
    expect(rows.map(row => row.replace(/<[^>]*>|&ensp;/g, ''))).toEqual([
      '| ■ memory | 4 | 232 | 1.5e-2 | 2.914 | 0.0410 | 0.9820 |',
      '| ■ cms&#46;0 | 1\u2009024 | in 612 | – | 0.118 | – | – |',
      '| ■ cms&#46;1 | 2\u2009048 | 3 of pass 3 | 1.0e-3 | 1.0e-5 | – | – |',
    ]);
  });

  it('keeps a token full of markup inside its one line', () => {
    const lines = hoverText(NASTY, numbers, { prompt: NASTY, answer: NASTY }).split('\n');
    expect(lines.filter(line => line.startsWith('|'))).toHaveLength(5);
    const links = lines.flatMap(line => [...line.matchAll(/\]\(([^)]*)\)/g)].map(match => match[1]));
    expect(links.map(link => /^command:([\w.]+)/.exec(link)?.[1])).toEqual([...HOVER_COMMANDS]);
  });

  it('says what is not known', () => {
    const unread = { ...numbers, latest: Number.NaN, levels: [] };
    expect(hoverText('x', unread, undefined)).toContain('not read yet');
    const forgotten = hoverText('x', { ...numbers, levels: [] }, undefined);
    expect(forgotten).toContain('no longer in memory');
    expect(forgotten).toContain('2.74');
  });

  it('names one surprise after one pass', () => {
    expect(hoverText('x', { ...numbers, pass: 0 }, undefined)).toContain(
      'surprise when first read **2.74** nats',
    );
  });
});

describe('probeOf', () => {
  const of = (text: string, token: string) => {
    const start = text.lastIndexOf(token);
    return probeOf(text, start, start + token.length);
  };
  const sentence = 'Nobody knew. Mira Halloway was born\nin Lisbon. She left.';

  it('asks for the word after its sentence so far, over a line break', () => {
    expect(of(sentence, ' Lisbon')).toEqual({ prompt: 'Mira Halloway was born in', answer: 'Lisbon' });
  });

  it('takes the whole word for a token that is part of one', () => {
    expect(of(sentence, 'oway')).toEqual({ prompt: 'Mira', answer: 'Halloway' });
  });

  it('asks for the first word after the sentence before', () => {
    expect(of(sentence, ' She')).toEqual({ prompt: 'Mira Halloway was born in Lisbon.', answer: 'She' });
  });

  it('has nothing to ask at the start and for white space', () => {
    expect(of(sentence, 'Nobody')).toBeUndefined();
    expect(of(sentence, '\n')).toBeUndefined();
    expect(of('', '')).toBeUndefined();
  });

  it('does not cross an empty line', () => {
    expect(of('A title\n\nThe town was Lisbon', ' Lisbon')?.prompt).toBe('The town was');
    expect(of('A title\r\n\r\nThe town was Lisbon', ' Lisbon')?.prompt).toBe('The town was');
  });
});

describe('lensText', () => {
  const facts = {
    tokens: 412,
    updates: 103,
    progress: { position: 203, total: 1648, tokensPerSecond: 86.4 },
    age: 12.2,
  };
  const result = {
    ...{ runId: 'r', tokens: 412, positions: 1648, updates: 103, seconds: 3, levels: [], probes: [] },
    ...{ surpriseFirst: 3.14, surpriseLast: 1.21 },
  };

  it('says what was trained, and how surprise changed over several passes', () => {
    const finished = { ...facts, phase: 'finished', result: { ...result, status: 'finished' } } as const;
    expect(lensText(finished)).toBe('Trained 12 s ago · 412 tokens · surprise 3.1 → 1.2 nats');
    const once = { ...finished, result: { ...finished.result, positions: 412 } };
    expect(lensText(once)).toBe('Trained 12 s ago · 412 tokens · surprise 3.1 nats');
    // A model loaded anew changes the phase, not what was trained.
    expect(lensText({ ...finished, phase: 'failed' })).toContain('Trained');
  });

  it('says how far a training is, and how one ended early', () => {
    expect(lensText({ ...facts, phase: 'running' })).toBe('Training · token 203 of 1\u2009648 · 86 tokens/s');
    const stopped = { ...result, status: 'cancelled', surpriseLast: Number.NaN } as const;
    expect(lensText({ ...facts, phase: 'cancelled', result: stopped })).toBe(
      'Stopped 12 s ago · 412 tokens · 103 updates · surprise 3.1 nats',
    );
    expect(lensText({ ...facts, phase: 'failed', age: 0 })).toBe(
      'Failed just now · 412 tokens · 103 updates',
    );
  });

  it('is read again when its age reads differently', () => {
    expect([0, 80, 100, 10_000].map(nextChange)).toEqual([10_000, 10_000, 60_000, 360_000]);
  });
});

describe('levelColor', () => {
  const levels = (cms: number) => Array.from({ length: cms }, (_, k) => ({ id: `cms.${k}` }));

  it('gives three CMS levels their own colour and keeps the ends of more', () => {
    expect(['cms.0', 'cms.1', 'cms.2'].map(id => levelColor(id, levels(3)).slice(-4))).toEqual([
      'cms0',
      'cms1',
      'cms2',
    ]);
    expect(levels(5).map(({ id }) => levelColor(id, levels(5)).slice(-4))).toEqual([
      'cms0',
      'cms1',
      'cms1',
      'cms1',
      'cms2',
    ]);
    expect(levelColor('memory', levels(3))).toBe('hopescope.level.memory');
  });

  it('becomes a style that hovers accept', () => {
    expect(colorChip('hopescope.level.cms0')).toContain('style="color:var(--vscode-hopescope-level-cms0);"');
  });
});

describe('numerals', () => {
  it('never shows a small number as nothing', () => {
    expect([0, 0.0004, 0.0005, 1.23456, Number.NaN].map(x => fixed(x, 3))).toEqual([
      '0.000',
      '4.0e-4',
      '0.001',
      '1.235',
      '–',
    ]);
    expect([0, 0.00123, Number.NaN].map(scientific)).toEqual(['0', '1.2e-3', '–']);
    expect([0, 7.70049, 123456, 0.0001234].map(norm)).toEqual(['0', '7.7', '1.235e+5', '1.234e-4']);
  });
});
