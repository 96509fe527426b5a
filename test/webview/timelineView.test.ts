import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { overviewTrack, type TimelineCommand } from '../../engine/protocol/index.ts';
import { comparedColor } from '../../webviews/charts/theme.ts';
import { differences } from '../../webviews/timeline/comparisonLine.ts';
import { SCALES, trackLines } from '../../webviews/timeline/drawing.ts';
import { exportChart } from '../../webviews/timeline/exportChart.ts';
import { loader } from '../../webviews/timeline/loader.ts';
import { reportPictures } from '../../webviews/timeline/report.ts';
import { CHUNK } from '../../webviews/timeline/runPieces.ts';
import { type Action, initialState, reduce, type ViewState } from '../../webviews/timeline/state.ts';
import { timelineView } from '../../webviews/timeline/timelineView.ts';
import { type Want, wants } from '../../webviews/timeline/wants.ts';
import { browser, themeOf } from './browser.ts';
import {
  forgettingIn,
  frameOf,
  interferenceIn,
  overviewOf,
  partsOf,
  runInfo,
  spectrumOf,
  tokensOf,
} from './syntheticRun.ts';
import { TIMELINE_SCENES } from './timelineScenes.ts';

interface Page {
  state: ViewState;
  readonly commands: [TimelineCommand, string | undefined][];
  dispatch(action: Action): void;
}

let page: Page;

/** The page of a scene with everything read that it wants. */
function show(scene: string): Page {
  browser({ panel: 1200, track: 600 });
  const commands: Page['commands'] = [];
  const opened: Page = {
    state: reduce(initialState, { type: 'host', state: TIMELINE_SCENES[scene].state }),
    commands,
    dispatch(action) {
      opened.state = reduce(opened.state, action);
      for (let [want] = wants(opened.state); want; [want] = wants(opened.state)) {
        opened.state = reduce(opened.state, answer(opened.state, want));
      }
    },
  };
  const actions = {
    dispatch: (action: Action) => opened.dispatch(action),
    command: (name: TimelineCommand, path?: string) => commands.push([name, path]),
  };
  let again = false;
  const draw = timelineView(document.body, actions, () => {
    again = true;
  });
  /** As the page's loop: a frame, and the next where the view asks for it. */
  const view: typeof draw = (...frame) => {
    for (let frames = 0; frames < 2; frames++) {
      again = false;
      draw(...frame);
      if (!again) return;
    }
  };
  const { dispatch } = opened;
  opened.dispatch = action => {
    dispatch(action);
    view(opened.state, themeOf('dark'));
  };
  view(opened.state, themeOf('dark'));
  view(opened.state, themeOf('dark'));
  return opened;
}

function answer({ host }: ViewState, want: Want): Action {
  const run = 'run' in want && want.run === 1 ? host.other! : host.run!;
  switch (want.kind) {
    case 'chunk':
      return {
        type: 'chunk',
        run: want.run,
        chunk: want.chunk,
        frame: frameOf(run, want.chunk * CHUNK, CHUNK),
      };
    case 'tokens':
      return { type: 'tokens', run: 0, chunk: want.chunk, texts: tokensOf(run, want.chunk * 512, 512).texts };
    case 'overview':
    case 'whole':
      return { type: want.kind, run: want.run, overview: overviewOf(run, want.from, want.to, want.columns) };
    case 'spectrum':
      return { type: 'spectrum', spectrum: spectrumOf(want.from, want.to, want.level, want.block) };
    case 'parts':
      return { type: 'parts', parts: partsOf(want.update, want.level, want.block) };
    case 'forgetting':
      return { type: 'forgetting', forgetting: { ...forgettingIn(run), scores: want.scores } };
    case 'interference':
      return { type: 'interference', interference: interferenceIn(run, want.from, want.to) };
  }
}

const find = (selector: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) throw new Error(`${selector} is not on the page`);
  return element;
};
const words = (selector: string): string => (find(selector).textContent ?? '').replace(/\s+/g, ' ').trim();
const press = (on: string, key: string, more: KeyboardEventInit = {}): boolean =>
  find(on).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
const selected = (): HTMLElement => find('.track.selected .plot');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('states', () => {
  test('empty: what to do, and the newest runs', () => {
    page = show('empty');
    expect(words('.message')).toBe(
      'No run to showSelect text in an editor and train on it. Each update appears here as it happens.Train on SelectionOpen Run…Recent runspeople.txt, line 1, 300 updates',
    );
    find('.message .link').click();
    expect(page.commands).toEqual([['openRun', '/runs/a.hoperun']]);
    expect(find('.body').hidden).toBe(true);
  });

  test('a run of a newer version: the engine’s words', () => {
    page = show('failed');
    expect(words('.message')).toContain('this Hopescope reads versions 2 and 3. Update Hopescope');
    expect(find('.message').getAttribute('role')).toBe('alert');
  });

  test('a run without its model shows what was recorded and says what restoring needs', () => {
    page = show('stopped');
    expect(find('.body').hidden).toBe(false);
    expect(words('.message')).toContain('Updates 1 to 203 are in the run');
    expect(words('.restore-words')).toContain('load the model halcyon-small');
    expect(find('.interventions vscode-button')).toHaveProperty('disabled', true);
  });

  test('a piece that could not be read is told, and may be tried again', () => {
    page = show('ready');
    page.dispatch({ type: 'problem', key: 'overview 0', text: 'The disk refused to read.' });
    expect(words('.message')).toBe('A part of the run could not be read.The disk refused to read.Try Again');
    find('.message vscode-button').click();
    expect(page.commands).toEqual([['retry', undefined]]);
  });
});

describe('tracks', () => {
  test('one row a track and a level, with values at the playhead and words for each', () => {
    page = show('ready');
    const names = [...document.querySelectorAll('.track .name')].map(node => node.firstChild?.textContent);
    expect(names.filter(Boolean)).toEqual([
      ...[
        'token',
        'surprise',
        'loss',
        'probes',
        'updates',
        'memory',
        'projections',
        'cms.0',
        'cms.1',
        'cms.2',
      ],
      ...['outer', 'gates', 'drift', 'whole run'],
    ]);
    expect(selected().getAttribute('aria-label')).toMatch(
      /^Surprise of tokens 0 to 1199, mean \d\.\d nats, highest \d\.\d at token \d+\.$/,
    );
    expect(selected().getAttribute('aria-valuetext')).toMatch(
      /^Surprise, update 300, tokens 1196 to 1199, mean \d\.\d nats\.$/,
    );
    expect(words('[data-level="cms.0"] .value')).toMatch(/^\d\.\de-\d$/);
    expect(document.querySelectorAll('[data-level="cms.1"] .plot .marks rect')).toHaveLength(16);
    expect(document.querySelectorAll('.text .tok.current')).toHaveLength(4);
  });

  test('one tab stop for all tracks; the keyboard goes on in the selected row', () => {
    page = show('ready');
    const stops = () =>
      [...document.querySelectorAll<HTMLElement>('.plots .plot')].filter(plot => plot.tabIndex === 0);
    expect(stops()).toEqual([selected()]);
    selected().focus();
    for (let i = 0; i < 12; i++) press('.track.selected .plot', 'ArrowDown');
    expect(stops()).toEqual([selected()]);
    expect(document.activeElement).toBe(selected());
    expect(selected().getAttribute('aria-valuetext')).toMatch(
      /^Block 2, cms\.0, update 300, tokens 1196 to 1199, last updated at update 288, ρ/,
    );
    expect(words('.level-title')).toBe('cms.0, block 2every 64 tokens');
  });

  test('what optimizers remember has rows below their levels when it is asked for', () => {
    page = show('memories');
    const seen = () =>
      [...document.querySelectorAll<HTMLElement>('.track.heat')]
        .filter(({ hidden }) => !hidden)
        .map(({ dataset }) => dataset.level);
    const plain = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2'];
    expect(seen()).toEqual(plain);
    const button = find('[aria-label="Show what the optimizers remember (O)"]');
    expect([button.hidden, button.getAttribute('aria-pressed')]).toEqual([false, 'false']);
    button.click();
    expect(button.getAttribute('aria-pressed')).toBe('true');
    expect(seen()).toEqual([
      ...plain.slice(0, 3),
      'cms.0.m',
      'cms.1',
      'cms.1.first',
      'cms.1.second',
      'cms.2',
    ]);
    expect(words('[data-level="cms.0.m"] .name')).toBe('mof cms.0');
    expect(document.querySelectorAll('[data-level="cms.1.first"] .plot .marks rect')).toHaveLength(16);
    selected().focus();
    page.dispatch({ type: 'select', row: { kind: 'level', level: 2, block: 3 } });
    press('.track.selected .plot', 'ArrowDown');
    expect(selected().getAttribute('aria-valuetext')).toMatch(
      /^Block 1, cms\.0\.m, update 300, .+, last updated at update 288, ρ .+, surprise 0\.0\d+\.$/,
    );
    expect(words('.level-title')).toBe('cms.0.m, block 1every 64 tokens');
    expect(words('aside')).toContain('surprise ‖∇‖0.0');
    expect(words('aside')).toContain('A memory of an optimizer has no weights of the model.');
    expect(page.state.spectrum?.level).not.toBe('cms.0.m');
    press('main', 'o');
    expect(seen()).toEqual(plain);
    expect(words('.level-title')).toBe('cms.0, block 1every 64 tokens');
    document.body.replaceChildren();
    page = show('ready');
    expect(find('[aria-label="Show what the optimizers remember (O)"]').hidden).toBe(true);
  });

  test('keys step, and the card has the numbers', () => {
    page = show('ready');
    selected().focus();
    press('.track.selected .plot', 'ArrowLeft');
    expect(page.state.updates).toBe(299);
    expect(words('.card .title')).toBe('update 299, tokens 1 192 to 1 195');
    press('.track.selected .plot', 'ArrowLeft', { shiftKey: true });
    expect(page.state.updates).toBe(256);
    press('main', 'b');
    press('main', 'M');
    press('main', 'e');
    expect(page.commands.map(([name]) => name)).toEqual(['branchHere', 'bookmarkUpdate', 'exportTimeline']);
    press('main', 'Escape');
    expect(document.querySelector('.card.shown')).toBeNull();
    expect(document.activeElement).toBe(find('.text'));
    press('main', 'ArrowLeft', { ctrlKey: true });
    expect(page.state.updates).toBe(256);
  });

  test('a moving playhead draws no chart anew', () => {
    page = show('ready');
    const marks = find('[data-level="memory"] .marks');
    const before = marks.innerHTML;
    const changes = new MutationObserver(() => undefined);
    changes.observe(marks, { subtree: true, childList: true, attributes: true });
    for (let i = 0; i < 20; i++) page.dispatch({ type: 'step', step: 'previous' });
    expect(changes.takeRecords()).toEqual([]);
    expect(marks.innerHTML).toBe(before);
    expect(find('.playhead').style.transform).toBe('translateX(560px)');
  });

  test('the brush has two handles that move the window', () => {
    page = show('ready');
    press('.handle.to', 'PageDown');
    expect(page.state.window).toEqual({ from: 0, to: 960 });
    press('.handle.from', 'ArrowRight');
    expect(page.state.window).toEqual({ from: 19, to: 960 });
    expect(find('.handle.from').getAttribute('aria-valuetext')).toBe('token 19');
  });
});

describe('comparison', () => {
  test('says what was set otherwise in the other run', () => {
    page = show('compare');
    expect(words('.comparison span')).toBe(
      'Thin lines and the lowest rows: branch, 280 updates; aligned by token.',
    );
    const run = runInfo(300);
    const options = { ...run.options, epochs: 2, learningRates: { memory: 0.5, 'cms.0': 0 } };
    expect(
      differences(run, { ...run, modelName: 'other', options: { ...options, partialChunk: 'drop' } }),
    ).toEqual([
      'model other instead of halcyon-small',
      '2 passes instead of 1',
      'memory at rate 0.5 instead of that of the model',
      'cms.0 at rate 0 instead of that of the model',
      'partial chunks: drop instead of flush',
    ]);
    expect(differences(run, run)).toEqual([]);
  });

  test('both runs fit on the scale of the loss, and each of its tracks has lines of both', () => {
    page = show('compare');
    const [own, other] = page.state.pieces;
    const tall = { ...other.whole!, data: other.whole!.data.slice(0) };
    overviewTrack(tall, 'loss').fill(11);
    expect(SCALES.lossTop({ pieces: [own, { ...other, whole: tall }] })).toBe(12);
    expect(SCALES.lossTop({ pieces: [own, other] })).toBe(8);
    page.dispatch({ type: 'select', row: { kind: 'level', level: 0, block: 0 } });
    for (const theme of [themeOf('dark'), themeOf('hc')]) {
      for (const [kind, more] of [
        ['loss', 1],
        ['probes', 2],
        ['gates', 2],
        ['drift', 1],
      ] as const) {
        const { lines } = trackLines(page.state, kind, theme);
        const alone = trackLines(
          { ...page.state, host: { ...page.state.host, other: undefined } },
          kind,
          theme,
        );
        expect(lines.length - alone.lines.length, kind).toBe(more);
        const stroke = comparedColor(theme);
        expect(
          lines.slice(0, more).map(line => line.stroke),
          kind,
        ).toEqual(Array(more).fill(stroke));
      }
    }
  });
});

describe('panel', () => {
  test('spectrum, parts of the write, contributions and forgetting, each in words', () => {
    page = show('ready');
    page.dispatch({ type: 'select', row: { kind: 'level', level: 0, block: 1 } });
    expect(find('.spectrum').getAttribute('aria-label')).toBe(
      'memory.w_in. Effective rank 18.4 of at most 32, stable rank 4.4; largest singular value of ΔW 0.57, of W 7.7.',
    );
    expect(words('.spectrum figcaption')).toBe('memory.w_in 64 × 256: rank 18.4 of at most 32, 1 intruder');
    expect(find('.write').getAttribute('aria-label')).toContain(
      'decay 0.12, erase 0.31, write 0.44, together 0.52; half-life 38 updates',
    );
    const rows = [...document.querySelectorAll('.absorption tr')].map(row => row.textContent);
    expect(rows[2]).toBe(
      'cms.0plus 2.49 nats, 61 percent, control ±0.21, z 20.8; without it 2.72 lost, alone 2.18 gained.',
    );
    expect(rows[4]).toBe('cms.2not yet at a boundary, 212 tokens to go.');
    expect(words('.absorption')).toContain('half of the gain reachedtoken 748');
    page.dispatch({ type: 'range', range: 'run' });
    expect(words('.spectrum figcaption')).toBe('memory.w_in 64 × 256: rank 18.4, 1 intruder');
  });

  test('forgetting: matrix, stability gap, and interference when asked for, each in words', () => {
    page = show('ready');
    page.dispatch({ type: 'step', step: 'last' });
    const figures = [...document.querySelectorAll('.forgetting figure')].map(each =>
      each.getAttribute('aria-label'),
    );
    const { report } = page.state.forgetting!;
    expect(report.facts.map(({ fact }) => fact)).toEqual([1, 0]);
    expect(figures).toHaveLength(3);
    expect(figures[1]).toMatch(
      /^Mean score at the end, ACC, −2\.30 nats a token; backward transfer, BWT, −0\.03\. office keeps → almanacs: written by update \d+, /,
    );
    expect(figures[2]).toMatch(
      /^office keeps → almanacs fell 0\.\d\d nats a token below its score when written/,
    );
    expect(words('.forgetting .numbers')).toMatch(
      /^ACC, mean at the end−2\.30 natsBWT, since writing−0\.03 nats$/,
    );
    const measure = [...document.querySelectorAll<HTMLElement>('.forgetting vscode-button')].find(
      each => each.textContent === 'Measure Interference',
    )!;
    expect(words('.forgetting')).toContain('What the visible stretch did');
    measure.click();
    expect(page.state.measuring).toEqual({ from: 0, to: 300 });
    expect(words('.forgetting')).toContain('What updates 1 to 300 did to the probes.');
    const rows = [...document.querySelectorAll('.forgetting li')].map(row => row.textContent);
    expect(rows[1]).toBe(
      'office keeps → almanacs: predicted −0.46 nats a token (memory −0.20, projections −0.10, cms.0 −0.07, cms.1 −0.05, cms.2 −0.04), measured −0.50.',
    );
    page.dispatch({ type: 'step', step: 'zoomIn' });
    expect(words('.forgetting')).toContain('What updates 1 to 300 did to the probes.');
  });

  test('forgetting without probes says how to pin some, and with two scores how to have more', () => {
    page = show('bare');
    const shown = () =>
      [...document.querySelectorAll<HTMLElement>('.forgetting vscode-button')].filter(
        each => !each.hidden && !each.closest('[hidden]'),
      );
    expect(words('.forgetting > p')).toBe(
      'Pin probes to the workspace to see forgetting: every training then scores them.',
    );
    expect(shown().map(each => each.textContent)).toEqual(['Pin Probes to Workspace']);
    shown()[0].click();
    document.body.replaceChildren();
    page = show('twice');
    expect(words('.forgetting > p')).toContain(
      'Set an interval, and the next training scores them in between.',
    );
    expect(shown().map(each => each.textContent)).toEqual(['Measure Interference', 'Probe Interval']);
    shown()[1].click();
    expect(page.commands).toEqual([['probesInterval', undefined]]);
  });

  test('within the noise no level is credited', () => {
    page = show('zoomed');
    expect(words('.absorption')).toContain('n/a: the gain is within two standard errors of zero');
    expect(words('.absorption')).not.toContain('percent');
  });
});

describe('export', () => {
  const theme = themeOf('dark');

  test('the same rows as CSV and JSON, the picture as SVG', async () => {
    page = show('ready');
    page.dispatch({ type: 'step', step: 'previous' });
    const { text: csv } = await exportChart('csv', page.state, theme);
    const lines = csv!.trim().split('\n');
    expect(lines[0]).toMatch(/^update_index,position,tokens,loss,block_index,level,period,fired/);
    expect(lines).toHaveLength(1 + 300 * 4 * 5);
    const { text: json } = await exportChart('json', page.state, theme);
    const parsed = JSON.parse(json!);
    expect(parsed.rows).toHaveLength(300 * 4 * 5);
    expect(parsed).toMatchObject({ playhead: 299, run: { id: 'run' } });
    const { text: svg } = await exportChart('svg', page.state, theme);
    expect(new DOMParser().parseFromString(svg!, 'image/svg+xml').querySelector('parsererror')).toBeNull();
    expect(svg).toMatchSnapshot();
  });

  test('a report has every chart of the whole run, each with its words', () => {
    page = show('ready');
    page.dispatch({ type: 'measure' });
    page.dispatch({ type: 'step', step: 'zoomIn' });
    const pictures = reportPictures(page.state, theme);
    expect(pictures.map(({ name }) => name)).toEqual([
      ...[
        'surprise',
        'updates',
        'gates-and-drift',
        'forgetting',
        'forgetting-matrix',
        'stability-gap',
        'interference',
        'contributions',
        'hand-over',
        'spectrum-1',
        'spectrum-2',
      ],
    ]);
    for (const { svg, text } of pictures) {
      expect(new DOMParser().parseFromString(svg, 'image/svg+xml').querySelector('parsererror')).toBeNull();
      expect(text).not.toBe('');
    }
  });
});

describe('loader', () => {
  test('has one request of a kind under way, and asks for what is wanted when its turn comes', async () => {
    vi.useRealTimers();
    let state = reduce(reduce(initialState, { type: 'width', width: 600 }), {
      type: 'host',
      state: { ...TIMELINE_SCENES.ready.state, run: runInfo(6000), total: 24_000 },
    });
    const asked: Want[] = [];
    const waiting: (() => void)[] = [];
    const load = loader(
      want => {
        asked.push(want);
        return new Promise(resolve => waiting.push(() => resolve(answer(state, want))));
      },
      () => state,
      action => {
        state = reduce(state, action);
        load();
      },
    );
    load();
    load();
    const kinds = asked.map(({ kind }) => kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    // The playhead goes elsewhere before the first chunk is there: the chunks in between are never asked for.
    for (const updates of [5000, 4000, 2500]) state = reduce(state, { type: 'goTo', updates });
    for (let i = 0; i < 20 && waiting.length; i++) {
      for (const go of waiting.splice(0)) go();
      await new Promise(resolve => setTimeout(resolve));
    }
    const chunks = asked.flatMap(want => (want.kind === 'chunk' ? [want.chunk] : []));
    expect(chunks).toContain(Math.floor(2499 / CHUNK));
    expect(chunks).not.toContain(Math.floor(3999 / CHUNK));
  });

  test('tells of a failure once and does not ask again', async () => {
    vi.useRealTimers();
    let state = reduce(reduce(initialState, { type: 'width', width: 600 }), {
      type: 'host',
      state: TIMELINE_SCENES.ready.state,
    });
    const asked: string[] = [];
    const load = loader(
      async want => {
        asked.push(want.key);
        throw { message: 'The run file is damaged.' };
      },
      () => state,
      action => {
        state = reduce(state, action);
        load();
      },
    );
    load();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(new Set(asked).size).toBe(asked.length);
    expect([...state.problems.values()]).toContain('The run file is damaged.');
  });
});
