import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ArchiveInfo, ArchiveTensor, TensorChangeRow } from '../../engine/protocol/index.ts';
import type { SpectrumView, TensorView } from '../../engine/protocol/inspectorRequests.ts';
import type { CheckpointState } from '../../engine/protocol/tensorMessages.ts';
import { checkpointView } from '../../webviews/tensor/checkpointView.ts';
import { exportCharts } from '../../webviews/tensor/exportCharts.ts';
import { loader } from '../../webviews/tensor/loader.ts';
import { type Action, initialState, reduce, type ViewState, viewKey } from '../../webviews/tensor/state.ts';
import { changeOf, rowsOf } from '../../webviews/tensor/tree.ts';
import { browser, themeOf } from './browser.ts';

function tensor(name: string, shape: readonly number[], more: Partial<ArchiveTensor> = {}): ArchiveTensor {
  const bytes = 4 * shape.reduce((product, length) => product * length, 1);
  const place = { block: -1, module: 'embed', level: 'outer', leaf: name.split('.').at(-1)! };
  return { name, dtype: 'F32', shape, bytes, file: 'a.pt', begin: 0, end: bytes, ...place, ...more };
}

const cms = (block: number, k: number, leaf: string): ArchiveTensor =>
  tensor(`blocks.${block}.cms.${k}.${leaf}`, [4, 3], { block, module: 'cms', level: `cms.${k}`, leaf });
const TENSORS = [
  tensor('embed.weight', [8, 3]),
  cms(1, 0, 'up'),
  cms(0, 1, 'up'),
  cms(0, 0, 'up'),
  cms(0, 0, 'down'),
  tensor('head.weight', [8, 3], { module: 'head', sameAs: 'embed.weight' }),
  tensor('stack', [2, 4, 3], { module: '', level: 'outer' }),
  tensor('optimizer.state', [8, 3], { module: 'optimizer', level: undefined }),
];
const INFO: ArchiveInfo = {
  path: '/models/a.pt',
  format: 'PyTorch',
  family: 'Hope',
  levels: [{ id: 'cms.0', period: 16 }, { id: 'cms.1' }, { id: 'outer', period: 0 }],
  tensors: TENSORS,
  parameters: 96,
  bytes: 500,
  metadata: { step: '10' },
  notes: ['Something was left out.'],
};

const change = (name: string, relative: number): TensorChangeRow => ({
  ...{ name, block: 0, shape: [4, 3], before: 2, after: 2, delta: 2 * relative, relative },
  ...{ largest: relative, notFinite: 0 },
});
const COMPARED: CheckpointState = {
  phase: 'ready',
  info: INFO,
  comparison: {
    path: '/models/b.pt',
    phase: 'ready',
    rows: [change(TENSORS[1].name, 0.5), change(TENSORS[3].name, 0), change(TENSORS[4].name, 0.01)],
    done: 3,
    total: 3,
    unmatched: {
      missing: ['embed.weight'],
      added: ['extra'],
      reshaped: [{ name: 'stack', before: [2, 4, 3], after: [2, 4, 4] }],
    },
  },
};

const picture = (norm: number): TensorView['weight'] => ({
  statistics: {
    read: 12,
    total: 12,
    nan: 1,
    infinite: 0,
    zeros: 3,
    min: -1,
    max: 2,
    mean: 0.25,
    deviation: 0.5,
    norm,
  },
  histogram: { min: -1, max: 2, counts: Float64Array.of(1, 5, 100, 5) },
  heat: {
    ...{ rows: 4, columns: 3, down: 4, across: 3, read: 12 },
    rms: Float32Array.of(0, 1, 2, 3, 4, 5, 6, Number.NaN, 8, 9, 10, 11),
    mean: new Float32Array(12),
    rowNorms: Float32Array.of(1, 2, 3, 4),
    rowIndices: Uint32Array.of(0, 1, 2, 3),
  },
});
const spectrum = (first: number): SpectrumView['weight'] => ({
  ...{
    rows: 4,
    columns: 3,
    of: 3,
    method: 'exact',
    accuracy: 1e-7,
    effectiveRank: 2.5,
    stableRank: 1.5,
    norm: 3,
  },
  values: Float32Array.of(first, 1, 0.5),
});

let state: ViewState;
let dispatch: (action: Action) => void;
const copied: unknown[] = [];
const commands: string[] = [];
const measured: (readonly string[])[] = [];

/** The page with this host state; everything that the loader wants is answered at once. */
function show(host: CheckpointState, panel = 1200): void {
  browser({ panel, track: panel - 400 });
  state = initialState;
  const view = checkpointView(
    document.body,
    {
      dispatch: action => dispatch(action),
      command: command => commands.push(command),
      copy: kind => copied.push([state.selected, kind]),
      measure: names => measured.push(names),
    },
    () => {},
  );
  dispatch = action => {
    state = reduce(state, action);
    view(state, themeOf('dark'));
  };
  dispatch({ type: 'host', state: host });
}

function answer(view: TensorView, of?: SpectrumView): void {
  dispatch({ type: 'view', answer: { key: viewKey(state), value: view } });
  if (of) dispatch({ type: 'spectrum', answer: { key: JSON.parse(viewKey(state))[0], value: of } });
}

const rows = () =>
  [...document.querySelectorAll<HTMLElement>('.row')].sort(
    (a, b) => Number.parseInt(a.style.top, 10) - Number.parseInt(b.style.top, 10),
  );
const labels = () => rows().map(row => row.querySelector('.name')!.textContent);
const list = () => document.querySelector<HTMLElement>('.rows')!;
const press = (key: string) =>
  list().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

beforeEach(() => {
  document.body.replaceChildren();
  copied.length = 0;
  commands.length = 0;
  measured.length = 0;
});
afterEach(() => vi.restoreAllMocks());

describe('the tree', () => {
  test('is model, block, module, level, tensor; blocks by number, levels fast to slow', () => {
    show({ phase: 'ready', info: INFO });
    expect(labels()).toEqual([
      ...[
        'a.pt',
        'embed',
        'outer',
        'weight',
        'head',
        'outer',
        'weight',
        'optimizer',
        'state',
        'outer',
        'stack',
      ],
      ...['block 0', 'cms', 'cms.0', 'up', 'down', 'cms.1', 'up', 'block 1', 'cms', 'cms.0', 'up'],
    ]);
    expect(rows()[0].getAttribute('aria-label')).toBe('model a.pt, 8 tensors, 96 parameters.');
    const head = rows()[6];
    expect(head.textContent).toContain('= embed.weight');
    expect(head.getAttribute('aria-level')).toBe('4');
  });

  test('keys walk, fold and open it', () => {
    show({ phase: 'ready', info: INFO });
    press('ArrowDown');
    press('ArrowLeft');
    expect(labels().slice(0, 3)).toEqual(['a.pt', 'embed', 'head']);
    press('ArrowRight');
    press('ArrowRight');
    press('ArrowRight');
    press('Enter');
    expect(state.selected).toBe('embed.weight');
    press('ArrowLeft');
    expect(state.rows.find(({ node }) => node.key === state.cursor)?.node.label).toBe('outer');
    press('End');
    expect(state.cursor).toBe(TENSORS[1].name);
    press('Home');
    expect(list().getAttribute('aria-activedescendant')).toBe('row-0');
  });

  test('norms are measured on demand, of what is below the cursor or of the list, and stopped', () => {
    show({ phase: 'ready', info: INFO });
    dispatch({ type: 'cursor', key: '/block 0' });
    const norms = document.querySelector<HTMLButtonElement>('.norms')!;
    expect(norms.getAttribute('aria-label')).toMatch(
      /norm, NaN and infinite values of the row at the cursor/,
    );
    norms.click();
    press('n');
    const below = ['blocks.0.cms.0.up', 'blocks.0.cms.0.down', 'blocks.0.cms.1.up'];
    expect(measured).toEqual([below, below]);
    const row = (name: string, norm: number, nan = 0) => ({ name, norm, nan, infinite: 0 });
    const part = [row(below[0], 3), row(below[1], 4)];
    dispatch({
      type: 'host',
      state: { phase: 'ready', info: INFO, measured: { phase: 'measuring', rows: part, done: 2, total: 3 } },
    });
    const texts = () =>
      Object.fromEntries(
        rows().map(each => [each.dataset.key, each.querySelector('.norm')?.textContent ?? '']),
      );
    expect(norms.textContent).toBe('Stop (2 of 3)');
    norms.click();
    expect(commands).toEqual(['endMeasuring']);
    expect([texts()['/block 0/cms/cms.0'], texts()['/block 0']]).toEqual(['‖W‖ 5', '']);
    const rest = [...part, row(below[2], 12, 7)];
    dispatch({
      type: 'host',
      state: { phase: 'ready', info: INFO, measured: { phase: 'ready', rows: rest, done: 3, total: 3 } },
    });
    expect(texts()['/block 0']).toBe('‖W‖ 13, 7 NaN');
    const block = rows().find(each => each.dataset.key === '/block 0')!;
    expect(block.getAttribute('aria-label')).toMatch(/, norm 13, 7 NaNs, 0 infinite\.$/);
    dispatch({ type: 'filter', filter: 'cms.1' });
    press('n');
    expect(measured.at(-1)).toEqual(['blocks.0.cms.1.up']);
  });

  test('a filter and an order list the tensors alone', () => {
    show({ phase: 'ready', info: INFO });
    dispatch({ type: 'filter', filter: 'CMS up' });
    expect(labels()).toEqual(['blocks.0.cms.0.up', 'blocks.0.cms.1.up', 'blocks.1.cms.0.up']);
    dispatch({ type: 'filter', filter: '' });
    dispatch({ type: 'sort', sort: 'name' });
    expect(labels()[0]).toBe('blocks.0.cms.0.down');
    dispatch({ type: 'sort', sort: 'size' });
    expect(labels().slice(0, 2)).toEqual(['embed.weight', 'head.weight']);
  });

  test('of five thousand tensors only those in sight are in the page', () => {
    const tensors = Array.from({ length: 5000 }, (_, i) => cms(i, 0, 'up'));
    show({ phase: 'ready', info: { ...INFO, tensors } });
    dispatch({ type: 'sort', sort: 'name' });
    expect(state.rows).toHaveLength(5000);
    expect(rows().length).toBeLessThan(100);
    expect(document.querySelector<HTMLElement>('.space')!.style.height).toBe('110000px');
  });
});

describe('a comparison', () => {
  test('puts the most changed first, and says what has no partner', () => {
    show({ phase: 'ready', info: INFO });
    dispatch({ type: 'host', state: COMPARED });
    expect(labels().slice(0, 3)).toEqual([TENSORS[1].name, TENSORS[4].name, TENSORS[3].name]);
    expect(rows()[0].querySelector('.change')!.textContent).toBe('5.0e-1');
    expect(rows().find(row => row.dataset.key === 'embed.weight')!.textContent).toContain('only here');
    expect(document.querySelector('.message')!.textContent).toContain(
      'Compared with b.pt: 2 of 3 tensors changed, 1 only here, 1 only there, 1 of another shape',
    );
    expect(document.querySelector('.summary')!.textContent).toMatch(/Only in the other \(1\)extra/);
    expect(document.querySelector('.summary')!.textContent).toContain('stack: 2 × 4 × 3 → 2 × 4 × 4');
    dispatch({ type: 'host', state: { phase: 'ready', info: INFO } });
    expect(state.sort).toBe('tree');
  });

  test('with its base leaves the tree as it is, with the change in every row', () => {
    show({ phase: 'ready', info: INFO });
    const button = [...document.querySelectorAll('button')].find(each => each.textContent === 'Δ base')!;
    expect(button.getAttribute('aria-label')).toMatch(/what changed since the base/);
    button.click();
    press('d');
    expect(commands).toEqual(['compareBase', 'compareBase']);
    dispatch({
      type: 'host',
      state: { ...COMPARED, comparison: { ...COMPARED.comparison!, base: true } },
    });
    expect(button.hidden).toBe(true);
    expect(labels()[0]).toBe('a.pt');
    expect(rows()[0].querySelector('.change')?.textContent).toMatch(/e-1$/);
    expect(document.querySelector('.message')?.textContent).toContain('Changed since its base b.pt: 2 of 3');
    dispatch({ type: 'sort', sort: 'change' });
    expect(labels().slice(0, 2)).toEqual([TENSORS[1].name, TENSORS[4].name]);
    dispatch({ type: 'select', name: TENSORS[1].name });
    answer({ name: TENSORS[1].name, choice: { rowAxis: 0, columnAxis: 1, at: [0, 0] }, weight: picture(4) });
    expect(document.querySelector('.inspector')?.textContent).toContain('ΔW: this, less b.pt.');
  });

  test('adds the changes of a level up', () => {
    show(COMPARED);
    const open = new Set(['', '/block 0', '/block 0/cms']);
    const shown = rowsOf(state.root!, { filter: '', sort: 'tree', open, changes: state.changes });
    const level = shown.find(({ node }) => node.key === '/block 0/cms/cms.0')!.node;
    expect(changeOf(level, state.changes)).toBeCloseTo(0.02 / Math.sqrt(8), 12);
    expect(changeOf(state.root!.children[0], state.changes)).toBeUndefined();
  });
});

describe('the inspector', () => {
  test('shows numbers, charts with their text alternatives, and copies', () => {
    show({ phase: 'ready', info: INFO });
    dispatch({ type: 'select', name: TENSORS[3].name });
    expect(document.querySelector('.waiting')!.textContent).toBe('Reading…');
    answer(
      { name: TENSORS[3].name, choice: { rowAxis: 0, columnAxis: 1, at: [0, 0] }, weight: picture(3) },
      { weight: spectrum(2) },
    );
    const figures = [...document.querySelectorAll('.statistics > div')].map(row => row.textContent);
    expect(figures).toContain('‖W‖3');
    expect(figures).toContain('effective rank2.5 of 3');
    expect(figures).toContain('zeros25.00 %');
    const charts = [...document.querySelectorAll('.charts figure:not([hidden]) .chart')];
    expect(charts.map(chart => chart.getAttribute('aria-label')!.split(/[ ,:]/)[0])).toEqual([
      'Histogram',
      'Singular',
      'Heat',
      'Norms',
    ]);
    // One cell is 0 and one has no finite value.
    expect(document.querySelectorAll('.map.weight .marks rect')).toHaveLength(10);
    expect(document.querySelectorAll('.map.weight .marks line')).toHaveLength(1);
    const copy = [...document.querySelectorAll<HTMLElement>('vscode-button')].find(
      node => node.textContent === 'Copy for NumPy',
    )!;
    copy.click();
    expect(copied).toEqual([[TENSORS[3].name, 'numpy']]);
  });

  test('is exported as SVG, CSV and JSON', async () => {
    show(COMPARED);
    dispatch({ type: 'select', name: TENSORS[1].name });
    await expect(exportCharts('svg', state, themeOf('dark'))).rejects.toThrow(/not been read yet/);
    answer(
      {
        ...{ name: TENSORS[1].name, choice: { rowAxis: 0, columnAxis: 1, at: [0, 0] } },
        ...{ weight: picture(3), delta: picture(1) },
      },
      { weight: spectrum(2), delta: spectrum(0.7) },
    );
    const { text: svg } = await exportCharts('svg', state, themeOf('dark'));
    const parsed = new DOMParser().parseFromString(svg!, 'image/svg+xml');
    expect(parsed.querySelector('parsererror')).toBeNull();
    const words = [...parsed.querySelectorAll('text')].map(node => node.textContent!);
    for (const title of [
      TENSORS[1].name,
      /^Values, count/,
      /^Singular values, all 3/,
      /^W, 4/,
      /^ΔW, 4/,
      'Row norms',
    ]) {
      expect(
        words.some(word => (typeof title === 'string' ? word === title : title.test(word))),
        `${title}`,
      ).toBe(true);
    }
    const { text: csv } = await exportCharts('csv', state, themeOf('dark'));
    expect(csv!.split('\n')).toEqual(
      expect.arrayContaining([
        'chart,x,weight,delta',
        'count,0.125,5,',
        'singular value,2,1,1',
        'row norm,3,4,4',
      ]),
    );
    const { text: json } = await exportCharts('json', state, themeOf('dark'));
    expect(JSON.parse(json!)).toMatchObject({
      ...{ tensor: { name: TENSORS[1].name }, against: '/models/b.pt' },
      weight: { statistics: { norm: 3 } },
      spectrum: { delta: { values: [expect.closeTo(0.7, 6), 1, 0.5] } },
    });
  });

  test('says what a sample is, and reads all on demand', () => {
    show({ phase: 'ready', info: INFO });
    dispatch({ type: 'select', name: 'embed.weight' });
    const sampled = picture(3);
    const statistics = { ...sampled.statistics, total: 1e9 };
    answer({
      name: 'embed.weight',
      choice: { rowAxis: 0, columnAxis: 1, at: [0, 0] },
      weight: { ...sampled, statistics },
    });
    const words = 'sample of 12 of 1\u2009000\u2009000\u2009000 values';
    expect(document.querySelector('.sample')!.textContent).toContain(words);
    expect(document.querySelector('.histogram figcaption')!.textContent).toContain(words);
    const before = viewKey(state);
    dispatch({ type: 'whole' });
    expect(viewKey(state)).not.toBe(before);
  });

  test('of three axes the slice is chosen', () => {
    show({ phase: 'ready', info: INFO });
    dispatch({ type: 'select', name: 'stack' });
    answer({ name: 'stack', choice: { rowAxis: 1, columnAxis: 2, at: [0, 0, 0] }, weight: picture(3) });
    const part = (name: string) => document.querySelector<HTMLInputElement>(`[data-part="${name}"]`)!;
    part('index 0').value = '7';
    part('index 0').dispatchEvent(new Event('change'));
    expect(state.choice).toEqual({ rowAxis: 1, columnAxis: 2, at: [1, 0, 0] });
    const columns = document.querySelector<HTMLSelectElement>('[data-part="columns"]')!;
    columns.selectedIndex = 1;
    columns.dispatchEvent(new Event('change'));
    expect(state.choice).toMatchObject({ rowAxis: 2, columnAxis: 1 });
  });

  test('a refusal is shown in words', () => {
    show({ phase: 'failed', failure: 'a.pt: it is cut off.' });
    expect(document.querySelector('.message')!.getAttribute('role')).toBe('alert');
    expect(document.querySelector('.message')!.textContent).toContain('a.pt: it is cut off.');
    document.querySelector<HTMLElement>('.message vscode-button')!.click();
    expect(commands).toEqual(['retry']);
  });
});

test('the page asks once for each tensor, and drops what comes too late', async () => {
  show({ phase: 'ready', info: INFO });
  const sent: string[] = [];
  const answers: ((value: unknown) => void)[] = [];
  const sendRequest = (type: { method: string }, _: unknown, params: { name: string }) => {
    sent.push(`${type.method} ${params.name}`);
    return new Promise(resolve => answers.push(resolve));
  };
  const load = loader(
    { sendRequest } as never,
    () => state,
    action => dispatch(action),
  );
  load();
  expect(sent).toEqual([]);
  dispatch({ type: 'select', name: 'embed.weight' });
  load();
  load();
  expect(sent).toEqual(['checkpoint/tensor embed.weight', 'checkpoint/spectrum embed.weight']);
  dispatch({ type: 'select', name: 'stack' });
  load();
  answers[0]({ name: 'embed.weight' });
  await Promise.resolve().then(() => undefined);
  expect(state.view).toBeUndefined();
});
