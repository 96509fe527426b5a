import type { TensorStatistics } from '../../engine/protocol/index.ts';
import type { TensorView } from '../../engine/protocol/inspectorRequests.ts';
import { levelMark } from '../charts/levelMark.ts';
import { button } from '../ui/button.ts';
import { element, setText } from '../ui/dom.ts';
import { fixed, grouped, scientific, significant } from '../ui/format.ts';
import { chartsPanel } from './chartsPanel.ts';
import { slicePanel } from './slicePanel.ts';
import { selectedTensor, spectrumKey, type ViewState, viewKey } from './state.ts';
import { colorOf, type Draw, type ViewActions } from './viewContext.ts';
import { placeFacts, sampleWords, statisticsSpeech, tensorFacts } from './words.ts';

/** The selected tensor: statistics, charts, and what to copy of it. */
export function inspectorPanel(parent: HTMLElement, actions: ViewActions): Draw {
  const { dispatch, copy, command } = actions;
  const mark = element('span', 'mark');
  const name = element('h1', 'mono');
  const facts = element('span', 'dim');
  const place = element('p', 'dim small');
  const against = element('p', 'dim small against');
  const back = button({
    label: 'Checkpoint',
    secondary: true,
    onClick: () => dispatch({ type: 'select', name: undefined }),
  });
  const copies = element(
    'div',
    'buttons',
    button({ label: 'Copy Name', secondary: true, onClick: () => copy('name') }),
    button({ label: 'Copy for PyTorch', secondary: true, onClick: () => copy('pytorch') }),
    button({ label: 'Copy for NumPy', secondary: true, onClick: () => copy('numpy') }),
    button({ label: 'Export…', secondary: true, onClick: () => command('export') }),
    back,
  );
  const statistics = element('dl', 'statistics');
  statistics.setAttribute('role', 'group');
  const sample = element('p', 'sample');
  const sampleText = element('span');
  const whole = button({ label: 'Read All', secondary: true, onClick: () => dispatch({ type: 'whole' }) });
  sample.append(sampleText, whole);
  const waiting = element('p', 'dim waiting');
  const panel = element(
    'section',
    'inspector',
    element('div', 'title', mark, name, facts),
    place,
    against,
    copies,
    statistics,
    sample,
    waiting,
  );
  parent.append(panel);
  const slice = slicePanel(panel, actions);
  const charts = chartsPanel(panel);
  let drawn: readonly unknown[] = [];

  return (state, surroundings) => {
    const tensor = selectedTensor(state);
    panel.hidden = !tensor;
    if (!tensor) return;
    const { theme } = surroundings;
    setText(name, tensor.name);
    setText(facts, tensorFacts(tensor));
    setText(place, placeFacts(tensor));
    mark.hidden = tensor.level === undefined;
    const color = colorOf(state, tensor.level, theme);
    if (drawn[0] !== tensor.level || drawn[1] !== theme) {
      mark.replaceChildren();
      if (tensor.level !== undefined) levelMark(mark, tensor.level, { theme, color });
    }
    setText(against, againstWords(state));
    against.hidden = !against.textContent;
    const current = state.view?.key === viewKey(state) ? state.view : undefined;
    // While a slice or the whole is read, the numbers of the tensor before stay out of the way, its own stay.
    const view = current?.value ?? (state.view?.value?.name === tensor.name ? state.view.value : undefined);
    setText(waiting, current ? (current.problem ?? '') : 'Reading…');
    waiting.hidden = !waiting.textContent;
    waiting.classList.toggle('error', current?.problem !== undefined);
    const keys = [tensor.level, theme, view, state.spectrum?.key === spectrumKey(state) && state.spectrum];
    if (keys.some((key, i) => key !== drawn[i])) {
      drawn = keys;
      fillStatistics(statistics, view, state);
    }
    statistics.hidden = !view;
    setText(sampleText, view ? sampleWords(view.weight.statistics) : '');
    sample.hidden = !sampleText.textContent;
    whole.disabled = state.whole;
    slice(state, surroundings);
    charts(state, surroundings);
  };
}

function againstWords({ host, changes, selected }: ViewState): string {
  const { comparison } = host;
  if (!comparison || selected === undefined) return '';
  const row = changes.get(selected);
  const other = comparison.path.split(/[/\\]/).at(-1);
  const there = `${other}${row?.otherName ? `, ${row.otherName}` : ''}`;
  if (row) return comparison.base ? `ΔW: this, less ${there}.` : `ΔW: ${there}, less this.`;
  if (comparison.phase === 'comparing') return `Comparing with ${other}…`;
  return `${other} has no such tensor.`;
}

/** Against a base ‖W‖ is the base's, which only the row of the comparison has. */
function relativeOf({ host, changes, selected }: ViewState): number | undefined {
  return host.comparison?.base ? changes.get(selected ?? '')?.relative : undefined;
}

function fillStatistics(list: HTMLElement, view: TensorView | undefined, state: ViewState): void {
  if (!view) return;
  const { statistics: w } = view.weight;
  const delta = view.delta?.statistics;
  const spectrum = state.spectrum?.key === spectrumKey(state) ? state.spectrum.value : undefined;
  const shown = spectrum?.delta ?? spectrum?.weight;
  const of = spectrum?.delta ? ' of ΔW' : '';
  const rank = shown && (shown.effectiveRank === undefined ? '–' : fixed(shown.effectiveRank, 1));
  const figures: [title: string, value: string, more?: string][] = [
    ['‖W‖', significant(w.norm)],
    ...(delta
      ? ([
          ['‖ΔW‖', significant(delta.norm)],
          ['ρ = ‖ΔW‖ / ‖W‖', scientific(relativeOf(state) ?? delta.norm / w.norm)],
        ] as [string, string][])
      : ([
          ['mean', significant(w.mean)],
          ['standard deviation', significant(w.deviation)],
        ] as [string, string][])),
    ['min, max', `${significant(w.min)}, ${significant(w.max)}`],
    [`effective rank${of}`, rank ?? '–', shown && `of ${grouped(shown.of)}`],
    [`stable rank${of}`, shown ? fixed(shown.stableRank, 1) : '–'],
    ['NaN, Inf', `${grouped(w.nan)}, ${grouped(w.infinite)}`],
    ['zeros', percent(w)],
    ...(spectrum?.intruders === undefined
      ? []
      : ([['intruder dimensions', String(spectrum.intruders), 'of the first 10']] as [
          string,
          string,
          string,
        ][])),
  ];
  list.setAttribute('aria-label', statisticsSpeech(view.name, w));
  list.replaceChildren(
    ...figures.map(([title, value, more]) =>
      element(
        'div',
        '',
        element('dt', 'dim', title),
        element('dd', 'number', value, ...(more ? [element('span', 'dim', ` ${more}`)] : [])),
      ),
    ),
  );
}

function percent({ zeros, read }: TensorStatistics): string {
  return read ? `${fixed((100 * zeros) / read, zeros ? 2 : 0)} %` : '–';
}
