import { type MatrixSpectrum, memoryOwner } from '../../engine/protocol/index.ts';
import { spectrumChart } from '../charts/spectrumChart.ts';
import { writeBars } from '../charts/writeBars.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { grouped, significant } from '../ui/format.ts';
import { colorOf } from './drawing.ts';
import { isGated } from './rows.ts';
import { describeSpectrum, MOST_MATRICES, rankWords, strongest } from './spectrumWords.ts';
import type { SpectrumRange, ViewState } from './state.ts';
import type { Draw, Surroundings, ViewActions } from './viewContext.ts';
import { partsKey, spectrumKey, spectrumOf } from './wants.ts';

const RANGES: readonly (readonly [SpectrumRange, string])[] = [
  ['update', 'of its last update'],
  ['run', 'since the start of the run'],
  ['window', 'over the visible stretch'],
];

/** Spectrum of what the selected level changed, and what its last update adds up from. */
export function spectrumPanel(parent: HTMLElement, { dispatch }: ViewActions): Draw {
  const range = element('select', 'range');
  range.setAttribute('aria-label', 'Change whose spectrum is shown');
  range.append(...RANGES.map(([, label]) => element('option', '', label)));
  range.addEventListener('change', () => dispatch({ type: 'range', range: RANGES[range.selectedIndex][0] }));
  const words = element('p', 'dim');
  const charts = element('div', 'spectra');
  const rest = element('p', 'dim small');
  const partsHead = element('h3', 'dim');
  const parts = element('div', 'parts');
  const section = element(
    'section',
    '',
    element('h3', 'dim', 'ΔW spectrum'),
    range,
    words,
    charts,
    rest,
    partsHead,
    parts,
  );
  parent.append(section);
  let spectra: (readonly [MatrixSpectrum, HTMLElement, ReturnType<typeof spectrumChart>])[] = [];
  let drawn: readonly unknown[] = [];

  return (state, surroundings) => {
    const { run } = state.host;
    section.hidden = !run;
    if (!run) return;
    range.selectedIndex = RANGES.findIndex(([id]) => id === state.range);
    range.disabled = !!run.unavailable;
    const wanted = spectrumOf(state);
    const { spectrum: s, parts: p, level, block } = state;
    const id = run.levels[level].id;
    const there =
      s && wanted && s.from === wanted.from && s.to === wanted.to && s.level === id && s.block === block;
    setText(words, there ? '' : spectrumWords(state));
    words.hidden = !!there;
    charts.hidden = !there;
    rest.hidden = !there;
    const fits = p && wanted && p.update === wanted.update && p.level === id && p.block === block;
    partsHead.hidden = !isGated(run.levels[level]) || !!run.unavailable;
    parts.hidden = !fits;
    const problem = state.problems.get(partsKey(state));
    setText(
      partsHead,
      fits
        ? `write of update ${grouped(p.update + 1)}: ‖·‖ of its parts`
        : problem
          ? `write decomposition: ${problem}`
          : 'write decomposition, being computed…',
    );
    const keys = [there && s, fits && p, surroundings.theme, surroundings.panelWidth, level];
    if (keys.every((key, i) => key === drawn[i]) || surroundings.panelWidth <= 0) return;
    drawn = keys;
    if (there) spectra = drawSpectra(charts, spectra, strongest(s.matrices), state, surroundings);
    const more = there ? s.matrices.length - MOST_MATRICES : 0;
    setText(rest, more > 0 ? `${more} more ${more === 1 ? 'matrix' : 'matrices'} changed less.` : '');
    if (fits) drawParts(parts, state, surroundings);
  };
}

/** Why there is no spectrum yet. */
function spectrumWords(state: ViewState): string {
  const { run, live } = state.host;
  if (memoryOwner(run?.levels[state.level]?.id ?? ''))
    return 'A memory of an optimizer has no weights of the model.';
  if (run?.unavailable) return run.unavailable;
  if (live) return 'Computed when the training has ended.';
  if (state.playing) return 'Computed when the playhead rests.';
  const problem = state.problems.get(spectrumKey(state));
  if (problem) return problem;
  return spectrumOf(state) ? 'Being computed…' : 'The level has not been updated yet.';
}

function drawSpectra(
  parent: HTMLElement,
  before: (readonly [MatrixSpectrum, HTMLElement, ReturnType<typeof spectrumChart>])[],
  matrices: readonly MatrixSpectrum[],
  state: ViewState,
  { theme, panelWidth }: Surroundings,
): typeof before {
  const color = colorOf(state.host.run!, state.level, theme);
  if (before.length !== matrices.length) {
    parent.replaceChildren();
    before = [];
  }
  return matrices.map((matrix, i) => {
    const data = { ...matrix, rankBound: state.range === 'update' ? matrix.rankBound : undefined };
    const options = { width: panelWidth, theme, color };
    const known = before[i];
    const node = known?.[1] ?? element('figure', 'spectrum', element('figcaption'), element('div', 'chart'));
    if (!known) parent.append(node);
    const update = known?.[2] ?? spectrumChart(node.querySelector<HTMLElement>('.chart')!, data, options);
    if (known) update(data, options);
    setText(
      node.querySelector('figcaption')!,
      `${matrix.name} ${matrix.shape.join(' × ')}: ${rankWords(data)}`,
    );
    setAttribute(node, 'role', 'img');
    setAttribute(node, 'aria-label', describeSpectrum(data));
    return [matrix, node, update] as const;
  });
}

function drawParts(parent: HTMLElement, state: ViewState, { theme, panelWidth }: Surroundings): void {
  const color = colorOf(state.host.run!, state.level, theme);
  parent.replaceChildren(
    ...state.parts!.parts.map(part => {
      const chart = element('div', 'chart');
      writeBars(chart, part, { width: panelWidth, theme, color, number: significant });
      const life = Number.isFinite(part.halfLife)
        ? `half-life ${grouped(part.halfLife)} updates`
        : 'nothing decays';
      const figure = element('figure', 'write', element('figcaption', '', `${part.memory}: ${life}`), chart);
      figure.setAttribute('role', 'img');
      figure.setAttribute(
        'aria-label',
        `${part.memory}: decay ${significant(part.decay)}, erase ${significant(part.erase)}, write ${significant(part.write)}, together ${significant(part.delta)}; ${life}.`,
      );
      return figure;
    }),
  );
}
