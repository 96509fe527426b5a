import { type ForgettingData, forgetting, forgettingHeight, stabilityGap } from '../charts/forgetting.ts';
import { element, setAttribute } from '../ui/dom.ts';
import { percent } from './describe.ts';
import { positionAfter } from './geometry.ts';
import type { ViewState } from './state.ts';
import type { Draw } from './viewContext.ts';

/** p(answer) of every probe at every moment it was scored; shown where several probes have scores over time. */
export function forgettingPanel(parent: HTMLElement): Draw {
  const chart = element('div', 'chart');
  const figure = element('figure', '', chart);
  figure.setAttribute('role', 'img');
  const section = element('section', '', element('h3', 'dim', 'forgetting: p(answer) over the run'), figure);
  parent.append(section);
  let update: ReturnType<typeof forgetting> | undefined;
  let drawn: readonly unknown[] = [];

  return (state, { theme, panelWidth }) => {
    const data = forgettingData(state);
    section.hidden = !data;
    const keys = [state.host.run, theme, panelWidth];
    if (!data || panelWidth <= 0 || keys.every((key, i) => key === drawn[i])) return;
    drawn = keys;
    chart.style.height = `${forgettingHeight(data.probes.length)}px`;
    if (update) update(data, { width: panelWidth, theme });
    else update = forgetting(chart, data, { width: panelWidth, theme });
    setAttribute(figure, 'aria-label', describeForgetting(data));
  };
}

/** The matrix of a run's scores; undefined where there is nothing to compare. */
export function forgettingData({ host, pieces }: ViewState): ForgettingData | undefined {
  const { run } = host;
  if (!run || run.probes.length < 2) return undefined;
  const moments = [...new Set(run.probes.flatMap(({ scores }) => scores.map(({ updates }) => updates)))].sort(
    (a, b) => a - b,
  );
  if (moments.length < 2) return undefined;
  return {
    probes: run.probes.map(
      ({ answer, prompt }) => `${prompt.trim().split(/\s+/).slice(-2).join(' ')} → ${answer.trim()}`,
    ),
    tokens: moments.map(updates => positionAfter(run, pieces[0], updates)),
    scores: run.probes.map(({ scores }) =>
      moments.map(at => scores.find(({ updates }) => updates === at)?.probability ?? Number.NaN),
    ),
  };
}

/** Text alternative of the matrix. */
export function describeForgetting({ probes, tokens, scores }: ForgettingData): string {
  return probes
    .map((name, i) => {
      const known = scores[i].filter(Number.isFinite);
      const gap = stabilityGap(scores[i]);
      const dip =
        gap === undefined ? '' : `, lowest in between ${percent(scores[i][gap])} at token ${tokens[gap]}`;
      return `${name}: ${percent(known[0])} first, ${percent(known.at(-1)!)} last, best ${percent(Math.max(...known))}${dip}.`;
    })
    .join(' ');
}
