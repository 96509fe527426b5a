import type { LevelsState } from '../../engine/protocol/index.ts';
import { button } from '../ui/button.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { type IconName, icon } from '../ui/icon.ts';
import { endOf, newest } from './history.ts';
import type { ViewState } from './state.ts';
import { passTokens } from './timeWindow.ts';
import { type Draw, NARROW, type ViewActions, WIDE } from './viewContext.ts';

const PHASES: Record<LevelsState['phase'], readonly [IconName, string]> = {
  'no-model': ['idle', 'No model'],
  loading: ['idle', 'Loading model'],
  idle: ['idle', 'Ready'],
  running: ['running', 'Running'],
  finished: ['finished', 'Finished'],
  cancelled: ['stopped', 'Stopped'],
  failed: ['warning', 'Failed'],
};

/** The line that says what is going on, where, and how fast, with the progress above it. */
export function statusLine(parent: HTMLElement, { command }: ViewActions): Draw {
  const progress = element('div', 'progress', element('i'));
  const symbol = element('span', 'symbol');
  const phase = element('span', 'phase');
  const where = element('span', 'dim where');
  const rate = element('span', 'number');
  const speed = element('span', 'speed', rate, element('span', 'dim', ' tok/s'));
  const stop = button({ label: 'Stop', secondary: true, onClick: () => command('stop') });
  stop.title = 'Stop after the tick in flight';
  const title = element('div', 'dim title');
  const line = element('div', 'status', symbol, phase, where, speed);
  const runLine = element('div', 'run', title, stop);
  parent.append(progress, line, runLine);
  let shown: IconName | undefined;

  return (state, { panelWidth }) => {
    const { phase: name, run } = state.host;
    const [iconName, label] = PHASES[name];
    if (shown !== iconName) symbol.replaceChildren(icon(iconName));
    shown = iconName;
    setText(phase, label);
    setText(where, placeOf(state, panelWidth));
    setText(rate, run ? rateText(run.tokensPerSecond) : '');
    setText(title, run?.title ?? '');
    title.title = run?.title ?? '';
    speed.hidden = name !== 'running';
    stop.hidden = name !== 'running';
    runLine.hidden = !run?.title && stop.hidden;
    line.hidden = name === 'no-model' || name === 'loading' || (name === 'idle' && !run);
    drawProgress(progress, state);
  };
}

function drawProgress(progress: HTMLElement, { host }: ViewState): void {
  const bar = progress.firstElementChild as HTMLElement;
  const { phase, run } = host;
  progress.hidden = phase !== 'running' && phase !== 'loading';
  progress.classList.toggle('endless', phase === 'loading');
  const share = run && run.total > 0 ? Math.min(1, run.position / run.total) : 0;
  bar.style.transform = phase === 'running' ? `scaleX(${share.toFixed(4)})` : '';
  setAttribute(progress, 'role', 'progressbar');
  setAttribute(progress, 'aria-label', phase === 'loading' ? 'Loading the model' : 'Training');
  setAttribute(progress, 'aria-valuenow', phase === 'running' ? Math.round(share * 100) : undefined);
}

const rateText = (rate: number): string => (rate >= 10 || rate === 0 ? grouped(rate) : rate.toFixed(1));

/** Progress in words. Frames may be ahead of the state that the host last told. */
export function placeOf(state: ViewState, panelWidth: number): string {
  const { run, phase } = state.host;
  if (!run) return '';
  const last = newest(state.history);
  const position = Math.max(run.position, last ? endOf(last) : 0);
  const updates = Math.max(run.updates, last ? last.index + 1 : 0);
  if (phase !== 'running') return `${grouped(updates)} updates, ${grouped(position)} tokens`;
  const tokens = passTokens(state);
  const passes = tokens === undefined ? 1 : Math.ceil(run.total / tokens);
  const pass =
    passes > 1 ? `pass ${Math.min(passes, Math.floor(position / tokens!) + 1)} of ${passes}, ` : '';
  const update = panelWidth >= WIDE ? `update ${grouped(updates)}, ` : '';
  const of = panelWidth < NARROW ? '' : ` of ${grouped(Math.max(run.total, position))}`;
  return `${update}${panelWidth < NARROW ? '' : pass}token ${grouped(position)}${of}`;
}
