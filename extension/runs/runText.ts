import type { RunInfo } from '../../engine/protocol/index.ts';
import { changeText, type RunState, stateWords } from '../../report/runWords.ts';
import { escapeMarkdown } from '../decorations/markdown.ts';
import { grouped, megabytes, probability } from '../training/figures.ts';

/** “24 Nov, 18:10 · 300 updates · from update 120” */
export function runDescription(info: RunInfo, state: RunState): string {
  const from = info.parent ? ` · from update ${grouped(info.parent.updates)}` : '';
  const unfinished = state === 'finished' ? '' : ` · ${stateWords(state)}`;
  return `${dateText(info.createdAt)} · ${count(info.updates, 'update')}${from}${unfinished}`;
}

/** Everything about a run, as Markdown. */
export function runTooltip(info: RunInfo, state: RunState): string {
  const rows: [string, string][] = [
    ['status', stateWords(state)],
    ['begun', dateText(info.createdAt)],
    ['model', `${info.modelName}, ${info.backend}`],
    ['updates', grouped(info.updates)],
    ['tokens', `${grouped(info.tokens)}, ${count(info.options.epochs, 'pass', 'passes')}`],
    ...(info.parent
      ? ([['branch', `after update ${grouped(info.parent.updates)}: ${changeText(info.parent.change)}`]] as [
          string,
          string,
        ][])
      : []),
    ...info.probes.flatMap((probe): [string, string][] => {
      const [first, last] = [probe.scores[0], probe.scores.at(-1)];
      if (!first || !last) return [];
      return [
        [`p(${probe.answer.trim()})`, `${probability(first.probability)} → ${probability(last.probability)}`],
      ];
    }),
    ['file', megabytes(info.bytes)],
  ];
  const body = rows.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |`);
  return [`**${escapeMarkdown(info.title)}**`, '', '|  |  |', '|:--|--:|', ...body].join('\n');
}

/** A run in words, for a screen reader. */
export function runSpeech(info: RunInfo, state: RunState): string {
  const branch = info.parent
    ? `, branch after update ${info.parent.updates}, ${changeText(info.parent.change)}`
    : '';
  return `Run on ${info.title}, ${stateWords(state)}, ${count(info.updates, 'update')}, ${dateText(info.createdAt)}${branch}.`;
}

/** The day and the minute, in the reader's own way; the text itself where it is no date. */
export function dateText(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString(undefined, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
}

function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(value)} ${value === 1 ? noun : plural}`;
}
