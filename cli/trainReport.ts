import type { LevelSummary, ProbeChange, TrainResult } from '../engine/protocol/training.ts';
import { probeLabel } from './probeArgument.ts';
import { type Column, duration, percent, significant, table } from './table.ts';

const LEVELS: readonly Column<LevelSummary>[] = [
  { title: 'level', text: true, cell: level => level.id },
  { title: 'period (tokens)', cell: level => String(level.period) },
  { title: 'updates', cell: level => String(level.updates) },
  { title: 'mean ρ (%)', cell: level => percent(level.meanRelativeUpdate) },
  { title: 'change (%)', cell: level => percent(level.relativeChange) },
  { title: 'drift (%)', cell: level => percent(level.drift) },
];

const PROBES: readonly Column<ProbeChange>[] = [
  { title: 'p before', cell: ({ before }) => significant(before.probability) },
  { title: 'p after', cell: ({ after }) => significant(after.probability) },
  { title: 'factor', cell: probe => significant(factor(probe)) },
  { title: 'rank before', cell: ({ before }) => String(before.rank) },
  { title: 'rank after', cell: ({ after }) => String(after.rank) },
  { title: 'probe', text: true, cell: probeLabel },
];

/** A training as lines for people: a summary, the levels and the probes. */
export function trainReport(
  { tokens, positions, updates, seconds, surpriseFirst, surpriseLast, levels, probes }: TrainResult,
  { model, backend, out }: { model: string; backend: string; out: string | null },
): string[] {
  return [
    `${model} on ${backend}: ${positions} tokens read (${tokens} in the text), ${updates} updates, ${duration(seconds)}`,
    `surprise ${significant(surpriseFirst)} nats/token in the first pass, ${significant(surpriseLast)} in the last`,
    '',
    ...table(LEVELS, levels),
    ...(probes.length ? ['', ...table(PROBES, probes)] : []),
    ...(out ? ['', `fast state written to ${out}`] : []),
  ];
}

/** p after / p before, from logarithms so that neither becomes 0. */
function factor({ before, after }: ProbeChange): number {
  return Math.exp((after.meanLogProbability - before.meanLogProbability) * before.tokens);
}
