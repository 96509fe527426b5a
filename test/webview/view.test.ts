import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LevelsCommand } from '../../engine/protocol/index.ts';
import { levelsView } from '../../webviews/levels/levelsView.ts';
import { type Action, initialState, reduce, type ViewState } from '../../webviews/levels/state.ts';
import { ANNOUNCE_EVERY } from '../../webviews/ui/announcer.ts';
import { browser, themeOf, type Widths } from './browser.ts';
import { SCENES } from './scenes.ts';
import { syntheticFrame } from './synthetic.ts';

interface Page {
  state: ViewState;
  readonly commands: LevelsCommand[];
  dispatch(action: Action): void;
  resize(widths: Widths): void;
}

let page: Page;

function show(scene: string, widths: Widths = { panel: 320, track: 296 }): Page {
  const setWidths = browser(widths);
  const commands: LevelsCommand[] = [];
  const opened: Page = {
    state: reduce(initialState, { type: 'reset', reset: SCENES[scene].reset }),
    commands,
    dispatch(action) {
      opened.state = reduce(opened.state, action);
      draw();
    },
    resize(changed) {
      setWidths(changed);
      draw();
    },
  };
  const actions = {
    dispatch: (action: Action) => opened.dispatch(action),
    command: (c: LevelsCommand) => commands.push(c),
  };
  let view: ReturnType<typeof levelsView> | undefined;
  const draw = (): void => view?.(opened.state, themeOf('dark'));
  view = levelsView(document.body, actions, draw);
  draw();
  return opened;
}

const find = (selector: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) throw new Error(`${selector} is not on the page`);
  return element;
};
/** Text that is not hidden, one space between the parts. */
const visible = (node: Node): string => {
  if (node instanceof HTMLElement && (node.hidden || node.matches('.hidden-text, .card:not(.shown)')))
    return '';
  return node.nodeType === Node.TEXT_NODE
    ? (node.textContent ?? '')
    : [...node.childNodes].map(visible).join(' ');
};
const words = (selector = 'main'): string =>
  visible(find(selector))
    .replace(/[ \n]+/g, ' ')
    .trim();
const buttons = (): string[] =>
  [...document.querySelectorAll<HTMLElement>('vscode-button')]
    .filter(button => !button.closest('[hidden]'))
    .map(button => button.textContent ?? '');
const press = (on: string, key: string, more: KeyboardEventInit = {}): boolean =>
  find(on).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
const row = (id: string): string => `[data-level="${id}"]`;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('states', () => {
  test('no model', () => {
    page = show('no-model');
    expect(words()).toContain('No model is loaded.');
    expect(buttons()).toEqual(['Select Model']);
    find('.message vscode-button').click();
    expect(page.commands).toEqual(['selectModel']);
  });

  test('loading', () => {
    show('loading');
    expect(words()).toContain('Loading halcyon-small…');
    expect(buttons()).toEqual([]);
    expect(find('.progress').hidden).toBe(false);
    expect(find('.progress').getAttribute('aria-label')).toBe('Loading the model');
    expect(find('.tracks').hidden).toBe(true);
  });

  test('idle and empty', () => {
    page = show('idle');
    expect(words()).toContain('No run is open.');
    expect(words()).toContain('Ctrl+Alt+T');
    expect(buttons()).toEqual(['Train on Selection', 'Train on File']);
    for (const button of document.querySelectorAll<HTMLElement>('.message vscode-button')) button.click();
    expect(page.commands).toEqual(['train', 'trainFile']);
    expect(find('.tracks').hidden).toBe(true);
  });

  test('running', () => {
    page = show('running');
    expect(words('.status')).toContain('Running token 812 of 1\u2009200 86 tok/s');
    expect(words('.run')).toBe('harbour-log.md, lines 12 to 48 Stop');
    expect(find('.message').hidden).toBe(true);
    expect(find('.progress').getAttribute('aria-valuenow')).toBe('68');
    find('.run vscode-button').click();
    expect(page.commands).toEqual(['stop']);
    expect(document.querySelectorAll('[role=listitem]')).toHaveLength(6);
    expect(words(row('outer'))).toContain('fixed while training on a selection');
    expect(words(row('cms.2'))).toContain('no update yet, first at 1\u2009024');
    expect(words(row('memory'))).toMatch(/α 0\.\d{3} {1,2}η 0\.\d{3}/);
    expect(words(row('cms.0'))).toContain('20 of 64 tokens to go');
    expect(find(row('cms.0')).dataset.updates).toBe('12');
  });

  test('running, before the first update', () => {
    show('start');
    expect(words(row('memory'))).toContain('no update yet, first at 4');
    expect(words('.surprise')).toContain('– nats');
    expect(find('[role=slider]').getAttribute('aria-valuetext')).toBe('newest, no update yet');
  });

  test('passes', () => {
    show('passes');
    expect(words('.status')).toContain('pass 2 of 2, token 812 of 1\u2009400');
    expect(words('.track')).toContain('pass 2');
  });

  test.each([
    ['finished', 'Finished', 300],
    ['cancelled', 'Stopped', 120],
  ])('%s', (scene, word, updates) => {
    page = show(scene);
    expect(words('.status')).toContain(`${word} ${updates} updates`);
    expect(buttons().slice(0, 3)).toEqual(['Stop', 'Train Again', 'Export'].slice(1).concat('−'));
    for (const button of document.querySelectorAll<HTMLElement>('.message vscode-button')) button.click();
    expect(page.commands).toEqual(['train', 'export']);
    expect(document.querySelectorAll('[role=listitem]')).toHaveLength(6);
  });

  test('failed', () => {
    page = show('failed');
    expect(words('.message')).toContain('Training stopped at token 812');
    expect(words('.message')).toContain('Updates 1 to 203 are kept in the run.');
    for (const button of document.querySelectorAll<HTMLElement>('.message vscode-button')) button.click();
    expect(page.commands).toEqual(['train', 'showLog']);
  });

  test('text of the host stays text', () => {
    page = show('running');
    const host = {
      ...page.state.host,
      run: { ...page.state.host.run!, title: '<img src=x onerror=alert(1)>' },
    };
    page.dispatch({ type: 'state', state: host });
    expect(document.querySelector('img')).toBeNull();
    expect(words('.run')).toContain('<img src=x onerror=alert(1)>');
  });

  test('no markup carries a style attribute that a strict content policy would refuse', () => {
    show('running');
    // Set through the CSSOM, as these are, they are allowed; markup with style="" would not have been.
    for (const node of document.querySelectorAll('svg, svg *'))
      expect(node.hasAttribute('style')).toBe(false);
  });
});

describe('width', () => {
  test('narrow, normal and wide say the same in fewer or more words', () => {
    page = show('running', { panel: 220, track: 196 });
    expect(words('.status')).toContain('Running token 812 86 tok/s');
    expect(words('.surprise')).not.toContain('mean of 64');
    expect(words('.row.head')).toBe('level ρ drift');
    expect(words(row('outer'))).toContain('fixed in this run');
    expect(find(`${row('cms.0')} .bar svg`).getAttribute('width')).toBe('40');
    page.resize({ panel: 320, track: 296 });
    expect(words('.row.head')).toBe('level, period in tokens ρ drift');
    expect(words('.track')).toContain('token 556');
    expect(find(`${row('cms.0')} .bar svg`).getAttribute('width')).toBe('64');
    page.resize({ panel: 480, track: 194 });
    expect(words('.status')).toContain('update 203, token 812 of 1\u2009200');
    expect(words('.row.head')).toBe('level, fast to slow ρ drift');
    expect(find(`${row('cms.0')} .raster svg`).getAttribute('width')).toBe('194');
  });

  test('without a width nothing is drawn and nothing breaks', () => {
    show('running', { panel: 0, track: 0 });
    expect(document.querySelector('.track svg')).toBeNull();
    expect(find(row('cms.0')).getAttribute('aria-label')).toContain('updates every 64 tokens');
  });
});

describe('for screen readers', () => {
  test('rows, track and rasters have text alternatives, sections have headings', () => {
    show('running');
    expect(find(row('cms.0')).getAttribute('aria-label')).toMatch(
      /^cms\.0, updates every 64 tokens, last at 768, relative change \d\.\de-\d, drift 0\.\d{4}, 20 tokens to go\.$/,
    );
    expect(find(row('outer')).getAttribute('aria-label')).toBe('outer, fixed while training on a selection.');
    expect(find('[role=slider]').getAttribute('aria-label')).toMatch(
      /^Surprise of tokens 556 to 811, mean \d\.\d nats, highest \d\.\d at token \d+\.$/,
    );
    expect(find(`${row('cms.0')} [role=img]`).getAttribute('aria-label')).toBe(
      'cms.0: 4 updates in the last 256 tokens',
    );
    expect([...document.querySelectorAll('h1, h2')].map(h => h.textContent)).toEqual([
      'Levels',
      'surprise, last 256 tokens',
      'level, period in tokens',
    ]);
    for (const svg of document.querySelectorAll('svg, canvas'))
      expect(svg.getAttribute('aria-hidden')).toBe('true');
  });

  test('updates are announced at most every 5 seconds, and the newest wins', () => {
    page = show('running');
    const live = find('[aria-live=polite]');
    expect(live.textContent).toMatch(/^Running, token 812, update 203, mean surprise \d\.\d nats\.$/);
    for (let i = 0; i < 40; i++) {
      page.dispatch({ type: 'frame', frame: syntheticFrame(203 + i, 1) });
      vi.advanceTimersByTime(100);
    }
    expect(live.textContent).toContain('token 812,');
    vi.advanceTimersByTime(ANNOUNCE_EVERY - 4000);
    expect(live.textContent).toContain('token 972,');
    page.dispatch({ type: 'state', state: { ...page.state.host, phase: 'finished' } });
    expect(live.textContent).toContain('token 972,');
    vi.advanceTimersByTime(ANNOUNCE_EVERY);
    expect(live.textContent).toBe('Training finished after 243 updates and 972 tokens.');
  });

  test('the list of rows is one tab stop, arrows move inside', () => {
    page = show('running');
    const stops = () =>
      [...document.querySelectorAll<HTMLElement>('[role=listitem]')].map(item => item.tabIndex);
    expect(stops()).toEqual([0, -1, -1, -1, -1, -1]);
    find(row('memory')).focus();
    press(row('memory'), 'ArrowDown');
    press(row('projections'), 'ArrowDown');
    expect(document.activeElement).toBe(find(row('cms.0')));
    expect(stops()).toEqual([-1, -1, 0, -1, -1, -1]);
    press(row('cms.0'), 'ArrowUp');
    expect(document.activeElement).toBe(find(row('projections')));
  });

  test('the memories of an optimizer are rows below its level when they are asked for', () => {
    page = show('memories');
    const shown = () =>
      [...document.querySelectorAll<HTMLElement>('[role=listitem]')].map(item => item.dataset.level);
    const plain = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2', 'outer'];
    expect(shown()).toEqual(plain);
    const toggle = () => find(`${row('cms.0')} .memories`);
    expect(toggle().getAttribute('aria-expanded')).toBe('false');
    expect(find(row('cms.0')).getAttribute('aria-label')).toContain(
      'Its optimizer has 1 memory, Enter shows them.',
    );
    expect(document.querySelector(`${row('memory')} .memories`)).toBeNull();
    find(row('cms.0')).focus();
    press(row('cms.0'), 'Enter');
    expect(shown()).toEqual(plain.toSpliced(3, 0, 'cms.0.m'));
    expect(toggle().getAttribute('aria-expanded')).toBe('true');
    expect(document.activeElement).toBe(find(row('cms.0')));
    expect(words(row('cms.0.m'))).toMatch(/^m optimizer.* surprise 0\.0\d+$/);
    expect(find(row('cms.0.m')).getAttribute('aria-label')).toMatch(
      /^m, memory of the optimizer of cms\.0, updates every 64 tokens, last at 768, relative change .+, surprise 0\.0\d+/,
    );
    press(row('cms.0'), 'ArrowDown');
    expect(document.activeElement).toBe(find(row('cms.0.m')));
    expect(words('.card')).toContain('m of cms.0, update 203');
    expect(words('.card')).toContain('surprise ‖∇‖');
    // Where its row was selected that of its level is, once it is gone.
    find(`${row('cms.0')} .memories`).click();
    expect(shown()).toEqual(plain);
    expect(document.activeElement).toBe(find(row('cms.0')));
    expect(page.state.row).toBe(2);
    press(row('cms.1'), 'Enter');
    expect(shown()).toEqual(plain.toSpliced(4, 0, 'cms.1.first', 'cms.1.second'));
    // A slow boundary is one of the model's slow levels.
    page.dispatch({ type: 'step', step: 'previousSlow' });
    expect(page.state.cursor).toBe(191);
  });

  test('the toolbar is one tab stop, arrows move inside and change the block', async () => {
    page = show('running');
    const select = find('select') as HTMLSelectElement;
    const [out, into] = document.querySelectorAll<HTMLElement>('.zoom vscode-button');
    expect([select, out, into].map(item => item.tabIndex)).toEqual([0, -1, -1]);
    expect([...select.options].map(({ text }) => text)).toEqual([
      'All blocks',
      'Block 1',
      'Block 2',
      'Block 3',
      'Block 4',
    ]);
    press('select', 'ArrowDown');
    press('select', 'ArrowDown');
    expect(page.state.block).toBe(1);
    press('select', 'ArrowUp');
    press('select', 'ArrowUp');
    press('select', 'ArrowUp');
    expect(page.state.block).toBeUndefined();
    // The buttons write their tab index to the page a moment later.
    await (out as HTMLElement & { updateComplete: Promise<unknown> }).updateComplete;
    select.focus();
    press('select', 'ArrowRight');
    expect(document.activeElement).toBe(out);
    expect([select, out, into].map(item => item.tabIndex)).toEqual([-1, 0, -1]);
    expect(page.state.cursor).toBeUndefined();
  });
});

test('a model of one block needs no block selector, and the toolbar keeps its tab stop', () => {
  page = show('running');
  const { model } = page.state.host;
  page.dispatch({ type: 'state', state: { ...page.state.host, model: { ...model!, blocks: 1 } } });
  expect(find('select').hidden).toBe(true);
  expect([...document.querySelectorAll<HTMLElement>('.zoom vscode-button')].map(b => b.tabIndex)).toEqual([
    0, -1,
  ]);
});

describe('keys', () => {
  test('left and right move the cursor, End follows the run again', () => {
    page = show('running');
    press('[role=slider]', 'ArrowLeft');
    press('[role=slider]', 'ArrowLeft');
    expect(page.state.cursor).toBe(200);
    expect(find('[role=slider]').getAttribute('aria-valuenow')).toBe('201');
    expect(find('[role=slider]').getAttribute('aria-valuetext')).toMatch(
      /^update 201, tokens 800 to 803, loss \d\.\d\d nats a token$/,
    );
    expect(words('.surprise')).toContain('surprise, tokens 556 to 812');
    press('[role=slider]', 'Home');
    expect(page.state.cursor).toBe(0);
    press('[role=slider]', 'End');
    expect(page.state.cursor).toBeUndefined();
    press('[role=slider]', 'ArrowLeft', { ctrlKey: true });
    expect(page.state.cursor).toBeUndefined();
  });

  test('plus, minus and 0 change the window and say so; E exports', () => {
    page = show('running');
    press('main', '-');
    expect(words('.window')).toContain('512');
    press('main', '0');
    press('main', '+');
    expect(words('.window')).toContain('128');
    expect(words('.surprise')).toContain('surprise, last 128 tokens');
    press('main', 'e');
    expect(page.commands).toEqual(['export']);
  });

  test('numbers are those of the update under the cursor', () => {
    page = show('running');
    const live = words(row('cms.1'));
    find(row('cms.1')).focus();
    press(row('cms.1'), '[');
    press(row('cms.1'), '[');
    expect(page.state.cursor).toBe(127);
    expect(words(row('cms.1'))).not.toBe(live);
    expect(find(row('cms.1')).getAttribute('aria-label')).toContain('last at 512');
  });
});

describe('card', () => {
  const lines = (): Record<string, string> =>
    Object.fromEntries(
      [...document.querySelectorAll('.card dl > div')].map(line => [
        line.querySelector('dt')!.textContent!,
        line.querySelector('dd')!.textContent!,
      ]),
    );

  test('focus and hover show the same card', () => {
    page = show('running');
    expect(find('.card').classList.contains('shown')).toBe(false);
    find(row('cms.0')).focus();
    const byFocus = words('.card');
    expect(find('.card').dataset.by).toBe('focus');
    expect(byFocus).toContain('cms.0, update 203, tokens 808 to 811');
    expect(lines()).toMatchObject({
      'last update': 'at 768 tokens',
      pending: '44 of 64 tokens',
      'next update': 'in 20 tokens',
      'updates so far': '12',
    });
    expect(lines()['ρ = ‖ΔW‖ / ‖W‖']).toMatch(/^\d\.\de-\d block [1-4]$/);
    find(row('cms.0')).blur();
    expect(find('.card').classList.contains('shown')).toBe(false);
    const event = new MouseEvent('pointermove', { bubbles: true, clientX: 5 });
    find(`${row('cms.0')} .name`).dispatchEvent(event);
    expect(words('.card')).toBe(byFocus);
  });

  test('over a raster it is that of the update under the pointer', () => {
    page = show('running');
    const event = new MouseEvent('pointermove', { bubbles: true, clientX: 148 });
    find(`${row('memory')} .raster svg`).dispatchEvent(event);
    expect(words('.card')).toContain('memory, update 172, tokens 684 to 687');
    expect(lines()['retention α']).toMatch(/^0\.\d{4} mean$/);
    find('.list').dispatchEvent(new MouseEvent('pointerleave'));
    expect(find('.card').classList.contains('shown')).toBe(false);
  });

  test('on the surprise track it has the loss and the levels updated; Escape hides it', () => {
    page = show('running');
    find('[role=slider]').focus();
    press('[role=slider]', 'ArrowLeft');
    press('[role=slider]', 'ArrowLeft');
    press('[role=slider]', 'ArrowLeft');
    expect(lines().updated).toBe('memory, projections');
    expect(lines().loss).toMatch(/^\d\.\d\d nats a token$/);
    press('[role=slider]', 'Escape');
    expect(find('.card').classList.contains('shown')).toBe(false);
  });
});
