import { ownLevels, type RunInfo } from '../../engine/protocol/index.ts';
import { button } from '../ui/button.ts';
import { element, setText } from '../ui/dom.ts';
import { count, grouped } from '../ui/format.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** Names the run that is compared with the shown one, how it is drawn, and what was set otherwise in it. */
export function comparisonLine(parent: HTMLElement, { command }: ViewActions): Draw {
  const words = element('span', 'dim');
  const end = button({ label: 'End Comparison', secondary: true, onClick: () => command('endComparison') });
  const line = element('div', 'comparison', words, end);
  parent.append(line);

  return ({ host }) => {
    line.hidden = !host.other;
    if (!host.other || !host.run) return;
    const { title, updates } = host.other;
    const differing = differences(host.run, host.other);
    setText(
      words,
      `Thin lines and the lowest rows: ${[title, count(updates, 'update'), ...differing].join(', ')}; aligned by token.`,
    );
  };
}

/** What was set otherwise for the second run, as phrases. */
export function differences(run: RunInfo, other: RunInfo): string[] {
  const found: string[] = [];
  if (other.modelName !== run.modelName) found.push(`model ${other.modelName} instead of ${run.modelName}`);
  const [passes, before] = [other.options.epochs, run.options.epochs];
  if (passes !== before)
    found.push(`${grouped(passes)} ${passes === 1 ? 'pass' : 'passes'} instead of ${grouped(before)}`);
  for (const { id } of ownLevels(other.levels)) {
    const [rate, was] = [other.options.learningRates[id], run.options.learningRates[id]];
    if (rate !== was)
      found.push(`${id} at rate ${rate ?? 'of the model'} instead of ${was ?? 'that of the model'}`);
  }
  if (other.options.partialChunk !== run.options.partialChunk)
    found.push(`partial chunks: ${other.options.partialChunk} instead of ${run.options.partialChunk}`);
  return found;
}
