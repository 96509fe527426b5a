import type { ProbeScore } from '../../engine/protocol/index.ts';
import { escapeMarkdown, visibleText } from '../decorations/markdown.ts';
import { fixed } from '../decorations/numerals.ts';
import type { ProbeEntry } from '../state/probes.ts';
import { factor, grouped, probability } from '../training/figures.ts';

const LONGEST_SHOWN = 200;

export function probeLabel({ probe }: ProbeEntry): string {
  return `${plain(probe.prompt)} → ${plain(probe.answer)}`;
}

/** "0.42 · rank 1 · ×12, +2.51 nats" */
export function probeDescription({ before, score }: ProbeEntry): string {
  if (!score) return 'not scored';
  const now = `${likelihood(score)} · rank ${grouped(score.rank)}`;
  return before ? `${now} · ${changeText(before, score)}` : now;
}

/** Score before the last training and now, as Markdown. */
export function probeTooltip(entry: ProbeEntry): string {
  const { probe, before, score } = entry;
  const title = `**${escapeMarkdown(visibleText(probe.prompt, LONGEST_SHOWN))}** → **${escapeMarkdown(visibleText(probe.answer, LONGEST_SHOWN))}**`;
  if (!score) return `${title}\n\nNot scored on the memory as it is.`;
  return [
    title,
    '',
    before ? '|  | before the training | now |' : '|  | now |',
    before ? '|:--|--:|--:|' : '|:--|--:|',
    ...figures(entry).map(({ name, now, past }) => `| ${[name, ...(past ? [past] : []), now].join(' | ')} |`),
    '',
    `${before ? `Change ${changeText(before, score)}. ` : ''}${score.tokens === 1 ? '1 token' : `${grouped(score.tokens)} tokens, the rank is the worst of them`}.`,
  ].join('\n');
}

/** A number of a score, now and before the last training. */
export interface ProbeFigure {
  readonly name: string;
  readonly now: string;
  readonly past?: string;
}

/** The numbers one below the other, for a panel too narrow for the description. */
export function probeFigures(entry: ProbeEntry): ProbeFigure[] {
  const { before, score } = entry;
  if (!score) return [];
  return [...figures(entry), ...(before ? [{ name: 'change', now: changeText(before, score) }] : [])];
}

function figures({ before, score }: ProbeEntry): ProbeFigure[] {
  const figure = (name: string, read: (score: ProbeScore) => string): ProbeFigure[] =>
    score ? [{ name, now: read(score), past: before && read(before) }] : [];
  return [
    ...figure('p(answer)', likelihood),
    ...figure('rank', ({ rank }) => grouped(rank)),
    ...figure('mean log p, nats', ({ meanLogProbability }) => fixed(meanLogProbability, 3).replace('-', '−')),
  ];
}

/** The row in words, for a screen reader. */
export function probeSpeech(entry: ProbeEntry): string {
  const { probe, before, score, pinned } = entry;
  const name = `${plain(probe.answer)} after ${plain(probe.prompt)}${pinned ? ', pinned to the workspace' : ''}`;
  if (!score) return `${name}, not scored.`;
  const change = before
    ? `, ${logRatio(before, score) >= 0 ? 'up' : 'down'} ${changeText(before, score)}`
    : '';
  return `${name}, probability ${likelihood(score)}, rank ${score.rank}${change}.`;
}

/** p(answer); one too small for a number is told from its logarithm. */
function likelihood({ probability: p, meanLogProbability, tokens }: ProbeScore): string {
  if (p > 0 || !Number.isFinite(meanLogProbability)) return probability(p);
  const decimal = (meanLogProbability * tokens) / Math.LN10;
  const exponent = Math.floor(decimal);
  return `${(10 ** (decimal - exponent)).toFixed(1)}e${exponent}`;
}

/** log p(answer) now less before, nats: from the logarithms, for a probability may be too small for a number. */
function logRatio(before: ProbeScore, score: ProbeScore): number {
  return score.meanLogProbability * score.tokens - before.meanLogProbability * before.tokens;
}

function changeText(before: ProbeScore, score: ProbeScore): string {
  const nats = logRatio(before, score);
  if (!Number.isFinite(nats)) return 'change not known';
  const signed = `${nats < 0 ? '−' : '+'}${fixed(Math.abs(nats), 2)} nats`;
  const times = Math.exp(nats);
  return times > 0 && times < 1e9 ? `${factor(1, times)}, ${signed}` : signed;
}

function plain(text: string): string {
  return visibleText(text.replace(/\s+/gu, ' ').trim(), LONGEST_SHOWN);
}
