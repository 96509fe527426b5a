import { forgetting, forgettingHeight } from '../charts/forgetting.ts';
import { element, setAttribute } from '../ui/dom.ts';
import { describeForgetting, forgettingData } from './forgettingData.ts';
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
