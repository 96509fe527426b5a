import { describe, expect, test } from 'vitest';
import { contributionShapes, contributions } from '../../webviews/charts/contributions.ts';
import { forgetting, stabilityGap } from '../../webviews/charts/forgetting.ts';
import { forgettingMatrix, forgettingMatrixShapes } from '../../webviews/charts/forgettingMatrix.ts';
import { handOver } from '../../webviews/charts/handOver.ts';
import { BLOCK_HEIGHT, heatMap, heatMapShapes } from '../../webviews/charts/heatMap.ts';
import { interferenceBars } from '../../webviews/charts/interferenceBars.ts';
import { strengthColor } from '../../webviews/charts/levelColor.ts';
import { linear, lineShapes, lineTrack, logarithmic } from '../../webviews/charts/lineTrack.ts';
import { spectrumChart, spectrumShapes } from '../../webviews/charts/spectrumChart.ts';
import { stepColumns } from '../../webviews/charts/steps.ts';
import { surpriseBars } from '../../webviews/charts/surpriseBars.ts';
import { svgText } from '../../webviews/charts/svgText.ts';
import { writeBarShapes, writeBars } from '../../webviews/charts/writeBars.ts';
import { browser, themeOf } from './browser.ts';
import { synthetic } from './synthetic.ts';
import { absorptionOf, partsOf, spectrumOf } from './syntheticRun.ts';

browser({ panel: 1200, track: 600 });
const dark = themeOf('dark');
const hc = themeOf('hc');
const div = (): HTMLElement => document.createElement('div');
const svgOf = (container: Element): string => container.querySelector('svg')!.outerHTML;
const steps = synthetic(0, 50).map(({ position, surprise }) => ({
  from: position,
  step: 1,
  values: surprise,
}));

describe('step columns', () => {
  test('keep every spike, of tokens and of columns wider than a pixel', () => {
    for (const step of [1, 7, 50]) {
      for (let spike = 0; spike < 100; spike += 9) {
        const values = Float32Array.from({ length: 100 }, (_, i) => (i === spike ? 8 : 0.1));
        const columns = stepColumns([{ from: 0, step, values }], { from: 0, to: 100 * step }, 60);
        expect(columns.filter(({ value }) => value === 8).length, `step ${step}, spike ${spike}`).toBe(1);
        for (const { x, width } of columns) expect(x >= 0 && x + width <= 60).toBe(true);
      }
    }
  });

  test('leave out what is outside and what is no number', () => {
    const columns = stepColumns(
      [{ from: -2, step: 1, values: [1, 2, 3, Number.NaN, 5] }],
      { from: 0, to: 4 },
      40,
    );
    expect(columns).toEqual([
      { x: 0, width: 9, value: 3 },
      { x: 20, width: 9, value: 5 },
    ]);
  });
});

describe('surprise bars', () => {
  const options = { span: { from: 0, to: 300 }, width: 300, height: 36, theme: dark };

  test('bars, a second run over them, and what is not read hatched', () => {
    const container = div();
    surpriseBars(container, { series: steps, other: steps.slice(0, 20), unread: 200 }, options);
    expect(container.querySelectorAll('.marks rect').length).toBe(200);
    expect(container.querySelectorAll('.labels polyline').length).toBe(1);
    expect(svgOf(container)).toMatchSnapshot();
  });
});

describe('line track', () => {
  const options = { span: { from: 0, to: 100 }, width: 100, height: 40, theme: dark, scale: linear(4) };

  test('breaks at what was not recorded and stays inside the track', () => {
    const at = [-20, 20, 40, 60, 80, 120];
    const lines = [{ at, values: [0, 2, Number.NaN, 4, 8, 0], stroke: '#fff' }];
    const shapes = lineShapes(lines, options).filter(({ kind }) => kind === 'polyline');
    expect(shapes).toHaveLength(2);
    for (const shape of shapes) {
      if (shape.kind !== 'polyline') continue;
      const inside = shape.points.map((n, i) => n >= 0 && n <= (i % 2 === 0 ? 100 : 40));
      expect(inside).not.toContain(false);
    }
    expect(shapes[0]).toMatchObject({ points: [0, 29.5, 20, 20] });
  });

  test('thins out to what a pixel can show, extremes kept', () => {
    const at = Float64Array.from({ length: 10_000 }, (_, i) => i / 100);
    const values = at.map((_, i) => (i === 5005 ? 4 : i === 5006 ? 0 : 2));
    const [line] = lineShapes([{ at, values, stroke: '#fff' }], options).filter(
      ({ kind }) => kind === 'polyline',
    );
    if (line.kind !== 'polyline') throw new Error('no line');
    expect(line.points.length / 2).toBeLessThanOrEqual(401);
    expect(Math.min(...line.points.filter((_, i) => i % 2 === 1))).toBe(1);
    expect(Math.max(...line.points.filter((_, i) => i % 2 === 1))).toBe(39);
  });

  test('steps with dots where something was measured', () => {
    const container = div();
    lineTrack(
      container,
      [{ at: [10, 50, 90], values: [1, 3, 2], stroke: '#fff', stepped: true, dots: true, marked: 1 }],
      options,
    );
    expect(svgOf(container)).toMatchSnapshot();
  });

  test('logarithmic scale', () => {
    const scale = logarithmic(1e-4, 1);
    expect([1e-6, 1e-4, 1e-2, 1].map(scale)).toEqual([0, 0, 0.5, 1]);
  });
});

describe('heat map', () => {
  const cell = (from: number, rho: number) => ({ from, to: from + 64, rho });
  const data = {
    blocks: [[cell(0, 1e-5), cell(64, 1e-3), cell(128, 1e-1)], [cell(0, Number.NaN)]],
    pending: { from: 192, to: 220 },
    planned: [256],
    note: { at: 220, texts: ['28 of 64 read, 36 to go', '36 to go'] },
    selected: { block: 1, from: 64, to: 128 },
  };
  const options = { span: { from: 0, to: 300 }, width: 300, theme: dark, color: dark.levels.cms0 };

  test('cells span what they read, strong by ρ; pending hatched, planned dashed', () => {
    const container = div();
    heatMap(container, data, options);
    expect(svgOf(container)).toMatchSnapshot();
    const { marks } = heatMapShapes(data, options);
    expect(marks.map(m => (m.kind === 'rect' ? m.fill : m.kind))).toEqual([
      ...[1e-5, 1e-3, 1e-1].map(rho => strengthColor(dark, dark.levels.cms0, rho)),
      'line',
    ]);
  });

  test('in high contrast height carries ρ', () => {
    const { marks } = heatMapShapes(data, { ...options, theme: hc, color: '#FFFFFF' });
    const heights = marks.flatMap(m => (m.kind === 'rect' ? [m.height] : []));
    expect(heights).toEqual([1, (BLOCK_HEIGHT + 1 - 1) / 2, BLOCK_HEIGHT - 1]);
  });

  test('cells that share a pixel keep the strongest', () => {
    const cells = Array.from({ length: 3000 }, (_, i) => ({
      from: i,
      to: i + 1,
      rho: i === 1234 ? 0.1 : 1e-4,
    }));
    const { marks } = heatMapShapes(
      { blocks: [cells], planned: [] },
      { ...options, span: { from: 0, to: 3000 } },
    );
    expect(marks.length).toBeLessThanOrEqual(300);
    const full = strengthColor(dark, dark.levels.cms0, 0.1);
    expect(marks.filter(m => m.kind === 'rect' && m.fill === full)).toHaveLength(1);
  });

  test('words are shortened or left out where they have no room', () => {
    const words = (at: number): string[] =>
      heatMapShapes({ ...data, note: { ...data.note, at } }, options).labels.flatMap(s =>
        s.kind === 'text' ? [s.text] : [],
      );
    expect(words(20)).toEqual(['28 of 64 read, 36 to go']);
    expect(words(220)).toEqual(['36 to go']);
    expect(words(290)).toEqual([]);
  });
});

describe('panel charts', () => {
  const options = { width: 320, theme: dark };

  test('spectrum beside the matrix, the bound dashed', () => {
    const [matrix] = spectrumOf(1, 2, 'cms.0', 0).matrices;
    const container = div();
    spectrumChart(container, matrix, { ...options, color: dark.levels.cms0 });
    expect(svgOf(container)).toMatchSnapshot();
    const dashed = (bound?: number) =>
      spectrumShapes({ ...matrix, rankBound: bound }, { ...options, color: '#fff' }).filter(
        s => s.kind === 'line' && s.dash?.join() === '2,2',
      ).length;
    expect([dashed(32), dashed(undefined)]).toEqual([1, 0]);
    const nothing = spectrumShapes(
      { delta: [], weight: [], effectiveRank: 0 },
      { ...options, color: '#fff' },
    );
    expect(nothing.some(s => s.kind === 'text' && s.text === 'nothing changed')).toBe(true);
  });

  test('parts of a write on one scale', () => {
    const [part] = partsOf(1, 'memory', 0).parts;
    const container = div();
    writeBars(container, part, { ...options, color: dark.levels.memory, number: String });
    expect(svgOf(container)).toMatchSnapshot();
    const bars = writeBarShapes(part, { ...options, color: '#fff', number: String }).flatMap(s =>
      s.kind === 'rect' ? [s.width] : [],
    );
    expect(bars[0] / bars[3]).toBeCloseTo(0.12 / 0.52, 6);
  });

  test('contributions with control, necessity and sufficiency; idle levels grey', () => {
    for (const theme of [dark, hc]) {
      const container = div();
      contributions(container, { ...absorptionOf(), cmsLevels: 3 }, { width: 320, theme });
      expect(svgOf(container)).toMatchSnapshot();
    }
  });

  test('no figures within the noise', () => {
    const shapes = contributionShapes({ ...absorptionOf(false), cmsLevels: 3 }, options);
    const texts = shapes.flatMap(s => (s.kind === 'text' ? [s.text] : []));
    expect(texts.filter(text => text === 'n/a')).toHaveLength(4);
    expect(texts).toContain('212 tokens to go');
    expect(texts.some(text => text.endsWith('%'))).toBe(false);
  });

  test('hand-over on one scale for all levels', () => {
    const { handOver: over, levels } = absorptionOf();
    const container = div();
    handOver(
      container,
      {
        levels: levels.map(({ level }) => level),
        tokens: [704, 748, 768, 800, 812],
        shapley: over.shapley,
        cmsLevels: 3,
      },
      options,
    );
    expect(svgOf(container)).toMatchSnapshot();
  });

  test('forgetting, with the lowest between the best and a recovery ringed', () => {
    const container = div();
    const scores = [
      [0.1, 0.6, 0.2, 0.5],
      [0.4, 0.3, 0.2, 0.1],
    ];
    forgetting(
      container,
      { probes: ['born in → Lisbon', 'capital → Rome'], tokens: [0, 100, 200, 300], scores },
      options,
    );
    expect(svgOf(container)).toMatchSnapshot();
    expect(scores.map(stabilityGap)).toEqual([2, undefined]);
    expect(stabilityGap([0.5, 0.499, 0.5])).toBeUndefined();
  });
});

describe('forgetting matrix', () => {
  const data = {
    facts: ['born in → Lisbon', 'capital → Rome'],
    matrix: [
      [-1, -6],
      [-2.5, Number.NaN],
    ],
  };

  test('a cell a score, the diagonal framed, what was not scored left out', () => {
    const container = div();
    forgettingMatrix(container, data, { width: 320, theme: dark });
    expect(svgOf(container)).toMatchSnapshot();
    const texts = [...container.querySelectorAll('text')].map(each => each.textContent);
    expect(texts).toEqual(['1', '2', '1. born in → Lisb…', '−1.0', '−6.0', '2. capital → Rome', '−2.5']);
  });

  test('in high contrast strength is the length of a bar, and narrow cells hold no number', () => {
    const bars = (width: number) =>
      forgettingMatrixShapes(data, { width, theme: hc }).flatMap(shape =>
        shape.kind === 'rect' && shape.height === 2 ? [shape.width] : [],
      );
    const [best, worst, between] = bars(324);
    expect([best, worst]).toEqual([98, 1]);
    expect(between).toBeCloseTo(98 * (3.5 / 5), 6);
    const numbers = forgettingMatrixShapes(data, { width: 180, theme: hc }).filter(
      shape => shape.kind === 'text' && shape.text.startsWith('−'),
    );
    expect(numbers).toEqual([]);
  });
});

test('interference: predicted hollow over measured filled, about one zero line', () => {
  const container = div();
  const data = [
    { name: 'born in → Lisbon', predicted: 2, measured: 1 },
    { name: 'capital → Rome', predicted: -0.5, measured: Number.NaN },
  ];
  interferenceBars(container, data, { width: 412, theme: dark });
  const [zero] = container.querySelectorAll('line');
  expect(zero.getAttribute('x1')).toBe('160');
  const bars = [...container.querySelectorAll('rect')].map(bar =>
    ['x', 'width', 'fill'].map(name => bar.getAttribute(name)),
  );
  expect(bars).toEqual([
    ['160', '200', 'none'],
    ['160', '100', dark.foreground],
    ['110', '50', 'none'],
  ]);
  const texts = [...container.querySelectorAll('text')].map(each => each.textContent);
  expect(texts).toEqual(['born in → Lisbon', '+2.00', '+1.00', 'capital → Rome', '−0.50', '–']);
});

describe('standalone SVG', () => {
  test('is well-formed XML whatever the words are, and the same as on the page', () => {
    const shapes = [{ kind: 'text', x: 0, y: 9, text: '<b>&"\u0001', fill: '#fff' }] as const;
    const text = svgText({ width: 10, height: 10, shapes }, dark, 'a < b & "c"');
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    expect(parsed.querySelector('parsererror')).toBeNull();
    expect(parsed.querySelector('title')?.textContent).toBe('a < b & "c"');
    expect(parsed.querySelector('text')?.textContent).toBe('<b>&"\uFFFD');
  });
});
