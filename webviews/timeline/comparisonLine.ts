import { button } from '../ui/button.ts';
import { element, setText } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** Names the run that is compared with the shown one, and how it is drawn. */
export function comparisonLine(parent: HTMLElement, { command }: ViewActions): Draw {
  const words = element('span', 'dim');
  const end = button({ label: 'End Comparison', secondary: true, onClick: () => command('endComparison') });
  const line = element('div', 'comparison', words, end);
  parent.append(line);

  return ({ host }) => {
    line.hidden = !host.other;
    if (!host.other) return;
    const { title, updates } = host.other;
    setText(
      words,
      `Thin lines and the lowest rows: ${title}, ${grouped(updates)} updates, aligned by token.`,
    );
  };
}
