import { describe, expect, test } from 'vitest';
import { tokenColumns } from '../../webviews/charts/columns.ts';
import { levelColor, strengthColor } from '../../webviews/charts/levelColor.ts';
import { levelMark } from '../../webviews/charts/levelMark.ts';
import { mixOklab } from '../../webviews/charts/oklab.ts';
import { pendingBar, pendingShapes } from '../../webviews/charts/pendingBar.ts';
import { rho01, surpriseStep } from '../../webviews/charts/scales.ts';
import { surpriseShapes, surpriseSparkline } from '../../webviews/charts/surpriseSparkline.ts';
import { readTheme } from '../../webviews/charts/theme.ts';
import { timeAxis } from '../../webviews/charts/timeAxis.ts';
import { rasterShapes, updateRaster } from '../../webviews/charts/updateRaster.ts';
import { browser, themeOf } from './browser.ts';
import { noise, synthetic } from './synthetic.ts';

browser({ panel: 320, track: 294 });
const dark = themeOf('dark');
const hc = themeOf('hc');
const heads = {};
const number = String;
const svgOf = (container: Element): string => container.querySelector('svg')!.outerHTML;
const div = (): HTMLElement => document.createElement('div');

describe('columns', () => {
  test('keep every spike at every width, as one pixel at least', () => {
    for (const span of [64, 256, 1024, 4096]) {
      for (const width of [196, 294, 456]) {
        for (let spike = 1000; spike < 1000 + span; spike += Math.max(1, span >> 5)) {
          const values = Float32Array.from({ length: 6000 }, (_, t) => (t === spike ? 8 : 0.5));
          const columns = tokenColumns([{ position: 0, values }], { from: 1000, to: 1000 + span }, width);
          const tall = columns.filter(({ value }) => value === 8);
          expect(tall.length, `span ${span}, width ${width}, token ${spike}`).toBe(1);
          expect(tall[0].width).toBeGreaterThanOrEqual(1);
          expect(tall[0].x).toBeGreaterThanOrEqual(0);
          expect(tall[0].x + tall[0].width).toBeLessThanOrEqual(width);
        }
      }
    }
  });

  test('a moving window shifts the columns and does not regroup them', () => {
    const values = Float32Array.from({ length: 9000 }, (_, t) => noise(t));
    const [span, width] = [4096, 256];
    const at = (from: number) => tokenColumns([{ position: 0, values }], { from, to: from + span }, width);
    // 16 tokens a pixel: one pixel further on.
    const before = at(1600).slice(1);
    const after = at(1616);
    expect(after.slice(0, -1).map(({ value }) => value)).toEqual(before.map(({ value }) => value));
  });

  test('leave out what is no number and join stretches', () => {
    const columns = tokenColumns(
      [
        { position: 0, values: [1, Number.NaN] },
        { position: 2, values: [3] },
      ],
      { from: 0, to: 4 },
      40,
    );
    expect(columns).toEqual([
      { x: 0, width: 9, value: 1 },
      { x: 20, width: 9, value: 3 },
    ]);
  });
});

describe('scales and colours', () => {
  test('ρ is logarithmic from 1e-5 to 1e-1 and clamped', () => {
    expect([1e-9, 1e-5, 1e-3, 1e-1, 5].map(rho01).map(x => x.toFixed(3))).toEqual([
      '0.000',
      '0.000',
      '0.500',
      '1.000',
      '1.000',
    ]);
    expect([rho01(0), rho01(Number.NaN)]).toEqual([0, 0]);
  });

  test('surprise has eight steps of 1 nat', () => {
    expect([0, 0.99, 1, 6.5, 7, 30].map(surpriseStep)).toEqual([0, 0, 1, 6, 7, 7]);
  });

  test('mixes in OKLab as CSS does', () => {
    expect(mixOklab('#ff0000', '#0000ff', 0.5)).toBe('#8c53a2');
    expect(mixOklab('#EF5A48', '#181818', 1)).toBe('#ef5a48');
    expect(mixOklab('#EF5A48', '#181818', 0)).toBe('#181818');
  });

  test('strength runs from 8 to 100 % of the level colour, and is whole in high contrast', () => {
    const { memory } = dark.levels;
    expect(strengthColor(dark, memory, 1e-1)).toBe(memory.toLowerCase());
    expect(strengthColor(dark, memory, 1e-7)).toBe(mixOklab(memory, dark.background, 0.08));
    expect(strengthColor(dark, memory, 1e-3)).toBe(mixOklab(memory, dark.background, 0.54));
    expect(strengthColor(hc, hc.levels.cms0, 1e-5)).toBe('#FFFFFF');
  });

  test('three CMS levels have colours of their own, more lie between the first and the last', () => {
    expect([0, 1, 2].map(k => levelColor(dark, `cms.${k}`, 3))).toEqual(['#E8E466', '#3FDDC3', '#80ABE8']);
    const six = [0, 1, 2, 3, 4, 5].map(k => levelColor(dark, `cms.${k}`, 6));
    expect(six[0]).toBe('#e8e466');
    expect(six[5]).toBe('#80abe8');
    expect(six[2]).toBe(mixOklab('#80ABE8', '#E8E466', 0.4));
    expect(new Set(six).size).toBe(6);
    expect(levelColor(dark, 'outer', 6)).toBe('#A468F6');
    expect(levelColor(dark, 'unheard-of', 3)).toBe(dark.foreground);
  });

  test('translucent theme colours are made opaque, missing ones fall back to the foreground', () => {
    const variables: Record<string, string> = {
      '--vscode-foreground': '#ffffff',
      '--vscode-sideBar-background': '#000000',
      '--vscode-editorIndentGuide-background1': '#ffffff80',
    };
    const theme = readTheme(name => variables[name] ?? '', false);
    expect(theme.line).toBe('#808080');
    expect(theme.levels.memory).toBe('#ffffff');
    expect(theme.surprise).toHaveLength(8);
  });
});

describe('surprise sparkline', () => {
  const stretches = synthetic(0, 203).map(({ position, surprise }) => ({ position, values: surprise }));

  test('64 tokens in a narrow panel, one bar a token', () => {
    const container = div();
    const span = { from: 748, to: 812 };
    surpriseSparkline(
      container,
      { stretches },
      { span, width: 196, theme: dark, heads: { cursor: 800 }, number },
    );
    expect(container.querySelectorAll('.marks rect')).toHaveLength(64);
    expect(svgOf(container)).toMatchSnapshot();
  });

  test('4 096 tokens in a wide panel, high contrast, with passes and a hatched start', () => {
    const container = div();
    const late = stretches.map(({ position, values }) => ({ position: position + 1000, values }));
    const span = { from: 0, to: 4096 };
    const passes = [{ position: 1500, pass: 2 }];
    surpriseSparkline(container, { stretches: late, passes }, { span, width: 194, theme: hc, heads, number });
    expect(container.querySelectorAll('.marks rect').length).toBeLessThanOrEqual(194);
    expect(svgOf(container)).toMatchSnapshot();
  });

  test('an update draws other data with the same elements', () => {
    const container = div();
    const options = { span: { from: 0, to: 64 }, width: 320, theme: dark, heads, number };
    const update = surpriseSparkline(container, { stretches: stretches.slice(0, 4) }, options);
    const first = container.querySelector('.marks rect');
    update({ stretches: stretches.slice(0, 8) }, options);
    expect(container.querySelectorAll('.marks rect')).toHaveLength(32);
    expect(container.querySelector('.marks rect')).toBe(first);
    expect(container.querySelectorAll('svg')).toHaveLength(1);
  });

  test('height is nats of 8, colour is the step of 1 nat', () => {
    const { marks } = surpriseShapes(
      { stretches: [{ position: 0, values: [4, 8, 20, 0] }] },
      { span: { from: 0, to: 4 }, width: 40, theme: dark, heads, number },
    );
    expect(marks.map(mark => (mark.kind === 'rect' ? mark.height : 0))).toEqual([12, 24, 24, 1]);
    const fills = marks.map(mark => (mark.kind === 'rect' ? mark.fill : ''));
    expect(fills[0]).toBe(mixOklab(dark.surprise[4], dark.foreground, 0.88));
    expect(fills[1]).toBe(fills[2]);
    expect(fills[1]).not.toBe(fills[0]);
  });
});

describe('time axis', () => {
  const text = (shapes: ReturnType<typeof timeAxis>) =>
    shapes.flatMap(s => (s.kind === 'text' ? [[s.x, s.text]] : []));

  test('names both ends and round tokens that have room', () => {
    const span = { from: 556, to: 812 };
    const axis = timeAxis({ span, width: 294, y: 24, theme: dark, number, caption: 'token' });
    expect(text(axis)).toEqual([
      [0, 'token 556'],
      [294, '812'],
      [108, '650'],
      [165, '700'],
      [223, '750'],
    ]);
  });

  test('a pass comes before a round number', () => {
    const names = [{ position: 700, text: 'pass 2' }];
    const axis = timeAxis({ span: { from: 556, to: 812 }, width: 194, y: 24, theme: dark, number, names });
    expect(text(axis).map(([, t]) => t)).toEqual(['556', '812', 'pass 2']);
  });
});

describe('update raster', () => {
  const options = { span: { from: 0, to: 256 }, width: 256, theme: dark, color: dark.levels.cms0, heads };
  const data = { period: 64, kept: 0, firings: [64, 128, 192].map((at, i) => ({ at, rho: 10 ** (-4 + i) })) };

  test('ticks, the planned update and the playhead', () => {
    const container = div();
    updateRaster(container, { ...data, planned: 250 }, { ...options, heads: { cursor: 128, pointer: 30 } });
    expect(svgOf(container)).toMatchSnapshot();
  });

  test('height and strength grow with ρ on the fixed scale', () => {
    const { marks } = rasterShapes(data, options);
    const heights = marks.map(mark => (mark.kind === 'rect' ? mark.height : 0));
    expect(heights.map(h => h.toFixed(2))).toEqual(['6.00', '10.00', '14.00']);
    expect(marks.map(mark => (mark.kind === 'rect' ? mark.fill : ''))).toEqual(
      data.firings.map(({ rho }) => strengthColor(dark, dark.levels.cms0, rho)),
    );
  });

  test('firings that share a pixel keep the strongest; all stay inside', () => {
    const firings = Array.from({ length: 1024 }, (_, i) => ({
      at: (i + 1) * 4,
      rho: i === 500 ? 0.1 : 1e-4,
    }));
    const { marks } = rasterShapes(
      { period: 4, kept: 0, firings },
      { ...options, span: { from: 0, to: 4096 } },
    );
    expect(marks.length).toBeLessThanOrEqual(256);
    expect(marks.filter(mark => mark.kind === 'rect' && mark.height === 18)).toHaveLength(1);
    for (const mark of marks) {
      if (mark.kind !== 'rect') continue;
      expect(mark.x).toBeGreaterThanOrEqual(0);
      expect(mark.x + mark.width).toBeLessThanOrEqual(256);
    }
  });

  test('a ρ that was not recorded is dotted, not small', () => {
    const { marks } = rasterShapes({ period: 64, kept: 0, firings: [{ at: 64, rho: Number.NaN }] }, options);
    expect(marks).toMatchObject([{ kind: 'line', dash: [1, 2], stroke: dark.dim }]);
  });

  test('a note stands alone', () => {
    const container = div();
    const note = 'no update yet, first at 1 024';
    updateRaster(
      container,
      { period: 1024, kept: 300, firings: [], note },
      { ...options, heads: { cursor: 12 } },
    );
    expect(container.querySelector('text')?.textContent).toBe(note);
    expect(container.querySelectorAll('line')).toHaveLength(1);
  });
});

describe('pending bar and marks', () => {
  test('fills from 0 to the period and not beyond', () => {
    const width = (pending: number, period: number): number => {
      const [, fill] = pendingShapes({ pending, period }, { width: 64, theme: dark, color: '#E8E466' });
      return fill.kind === 'rect' ? fill.width : Number.NaN;
    };
    expect([width(0, 64), width(32, 64), width(64, 64), width(99, 64), width(Number.NaN, 64)]).toEqual([
      0, 31, 62, 62, 0,
    ]);
  });

  test('pictures of the bar in both contrasts', () => {
    for (const theme of [dark, hc]) {
      const container = div();
      pendingBar(container, { pending: 44, period: 64 }, { width: 64, theme, color: theme.levels.cms0 });
      expect(svgOf(container)).toMatchSnapshot();
    }
  });

  test('in high contrast every level has a pattern of its own', () => {
    const ids = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2', 'cms.3', 'cms.4', 'cms.5', 'outer'];
    const pictures = ids.map(id => {
      const container = div();
      levelMark(container, id, { theme: hc, color: '#FFFFFF' });
      return svgOf(container);
    });
    expect(new Set(pictures).size).toBe(ids.length);
    expect(pictures).toMatchSnapshot();
  });
});
