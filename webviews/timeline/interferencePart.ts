import { interferenceBars, interferenceHeight } from '../charts/interferenceBars.ts';
import { button } from '../ui/button.ts';
import { element, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { describeInterference, interferenceOf } from './forgettingData.ts';
import type { ViewState } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** What the visible stretch did to the probes, predicted to first order and measured; computed when asked for. */
export function interferencePart(parent: HTMLElement, { dispatch }: ViewActions): Draw {
  const words = element('p', 'dim small');
  const charts = element('div');
  const legend = element('div', 'keys-of-chart dim');
  legend.append(
    element('span', '', element('i', 'swatch empty'), 'predicted, ⟨∇P, Δ⟩'),
    element('span', '', element('i', 'swatch full'), 'measured'),
  );
  legend.setAttribute('aria-hidden', 'true');
  const measure = button({
    label: 'Measure Interference',
    secondary: true,
    onClick: () => dispatch({ type: 'measure' }),
  });
  const heading = element('h3', 'dim', 'interference, nats a token; negative is damage');
  const part = element(
    'div',
    'interference',
    heading,
    words,
    charts,
    legend,
    element('div', 'buttons', measure),
  );
  parent.append(part);
  let drawn: readonly unknown[] = [];

  return (state, { theme, panelWidth }) => {
    const { run, live } = state.host;
    const there = state.interference;
    part.hidden = !run || run.probes.length === 0;
    if (part.hidden) return;
    setText(words, wordsOf(state));
    measure.disabled = live || !!run?.unavailable || pending(state);
    legend.hidden = !there;
    const keys = [there, theme, panelWidth];
    if (panelWidth <= 0 || keys.every((key, i) => key === drawn[i])) return;
    drawn = keys;
    charts.replaceChildren();
    if (!there) return;
    const bars = interferenceOf(there);
    const chart = element('div', 'chart');
    chart.style.height = `${interferenceHeight(bars.length)}px`;
    interferenceBars(chart, bars, { width: panelWidth, theme });
    const rows = bars.map((_, fact) => element('li', '', describeInterference(there, fact)));
    const list = element('ul', 'hidden-text', ...rows);
    list.setAttribute('aria-label', 'Interference of each probe');
    charts.append(chart, list);
  };
}

const problemOf = ({ problems }: ViewState): string | undefined =>
  [...problems].find(([key]) => key.startsWith('interference'))?.[1];

/** Whether the answer to the last question is still to come. */
function pending(state: ViewState): boolean {
  const { measuring, interference } = state;
  if (!measuring || problemOf(state)) return false;
  return measuring.from !== interference?.from || measuring.to !== interference.to;
}

function wordsOf(state: ViewState): string {
  const { run, live } = state.host;
  if (run?.unavailable) return run.unavailable;
  if (live) return 'Can be measured when the training has ended.';
  const problem = problemOf(state);
  if (problem) return problem;
  if (pending(state)) return 'Being measured…';
  const { interference } = state;
  return interference
    ? `What updates ${grouped(interference.from + 1)} to ${grouped(interference.to)} did to the probes.`
    : 'What the visible stretch did to the probes, predicted from their gradients and measured.';
}
