import { memoryOwner, ownLevels, type RunInfo, type Update } from '../../engine/protocol/index.ts';
import { fixed, grouped, NONE, scientific, significant } from '../ui/format.ts';
import { meanSurprise, probeAt, readLevel, shownLoss, shownUpdate, tokensOf } from './readings.ts';
import { gatedLevel, type Row } from './rows.ts';
import { playheadPosition, type ViewState } from './state.ts';
import {
  levelPoints,
  lossPoints,
  type Points,
  probePoints,
  type Source,
  sourceOf,
  surpriseSteps,
} from './trackData.ts';

/** Text alternative of a row at the playhead, as a screen reader says it when a key moves there. */
export function describeCell(state: ViewState): string {
  const { run } = state.host;
  const update = shownUpdate(state);
  if (!run) return 'No run.';
  if (state.updates === 0) return `Before the first of ${run.updates} updates.`;
  if (!update) return `Update ${state.updates}, being read.`;
  const where = `update ${state.updates}, ${tokenWords(update)}`;
  const { row } = state;
  switch (row.kind) {
    case 'level': {
      const reading = readLevel(state, row.level, row.block);
      const name = `Block ${row.block + 1}, ${run.levels[row.level].id}`;
      if (!reading?.last) return `${name}, ${where}, not updated yet.`;
      const here = reading.last.index === update.index;
      const told = memoryOwner(run.levels[row.level].id)
        ? `, surprise ${significant(reading.writtenSurprise)}`
        : '';
      const rho = Number.isNaN(reading.rho) ? 'ρ not recorded' : `ρ ${scientific(reading.rho)}${told}`;
      return here
        ? `${name}, ${where}, ${rho}.`
        : `${name}, ${where}, last updated at update ${reading.last.index + 1}, ${rho}.`;
    }
    case 'surprise':
      return `Surprise, ${where}, mean ${fixed(meanSurprise(update), 1)} nats.`;
    case 'loss':
      return `Loss, ${where}, ${fixed(shownLoss(state), 2)} nats a token.`;
    case 'probes':
      return `Probes, ${where}, ${run.probes.map((probe, i) => `${probe.answer.trim()} ${percent(probeAt(state, i))}`).join(', ')}.`;
    case 'gates': {
      const level = gatedLevel(run, state.level);
      const reading = level < 0 ? undefined : readLevel(state, level, state.block);
      return `Gates of ${run.levels[level]?.id ?? 'no level'}, ${where}, retention ${fixed(reading?.alpha ?? Number.NaN, 3)}, step ${fixed(reading?.eta ?? Number.NaN, 3)}.`;
    }
    case 'drift':
      return `Drift, ${where}, ${ownLevels(run.levels)
        .map(({ id }, l) => `${id} ${fixed(readLevel(state, l, state.block)?.drift ?? Number.NaN, 4)}`)
        .join(', ')}.`;
  }
}

const tokenWords = (update: Update): string => {
  const [first, last] = tokensOf(update);
  return first === last ? `token ${first}` : `tokens ${first} to ${last}`;
};

/** p as per cent with the digits that count. */
export function percent(p: number): string {
  if (!Number.isFinite(p)) return NONE;
  const value = 100 * p;
  return value >= 0.1 || value === 0 ? `${value.toFixed(1)} %` : `${value.toExponential(0)} %`;
}

/** Text alternative of a whole track. */
export function describeTrack(state: ViewState, row: Row): string {
  const { run } = state.host;
  const source = sourceOf(state, 0);
  if (!run || !source) return `${row.kind}: not read yet.`;
  switch (row.kind) {
    case 'surprise':
      return describeSurprise(source);
    case 'loss':
      return described('Loss', 'nats a token', lossPoints(source), 2);
    case 'probes':
      return probePoints(run, state.pieces[0])
        .map(({ answer, ...points }) => described(`Probe ${answer.trim()}`, '', points, percent))
        .join(' ');
    case 'gates': {
      const level = gatedLevel(run, state.level);
      if (level < 0) return 'No level of this model has gates.';
      return `${described(`Retention α of ${run.levels[level].id}`, '', levelPoints(source, level, 'alpha'), 3)} ${described('Step η', '', levelPoints(source, level, 'eta'), 3)}`;
    }
    case 'drift':
      return ownLevels(run.levels)
        .map(({ id }, level) => described(`Drift of ${id}`, '', levelPoints(source, level, 'drift'), 4))
        .join(' ');
    case 'level': {
      const { id, period } = run.levels[row.level];
      return `${id}, updated every ${period} tokens, ${run.blocks === 1 ? '1 block' : `${run.blocks} blocks`}.`;
    }
  }
}

function described(
  name: string,
  unit: string,
  { at, values }: Points,
  digits: number | ((value: number) => string),
): string {
  let [first, last, low, high] = [-1, -1, -1, -1];
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    if (first < 0) first = i;
    last = i;
    if (low < 0 || value < values[low]) low = i;
    if (high < 0 || value > values[high]) high = i;
  });
  if (first < 0) return `${name}: not recorded.`;
  const words = typeof digits === 'number' ? (value: number) => fixed(value, digits) : digits;
  const value = (i: number): string => `${words(values[i])} at token ${Math.round(at[i])}`;
  return `${name}${unit ? ` in ${unit}` : ''}: first ${value(first)}, last ${value(last)}, lowest ${value(low)}, highest ${value(high)}.`;
}

function describeSurprise(source: Source): string {
  let [sum, count, high, highAt] = [0, 0, Number.NaN, 0];
  const series = surpriseSteps(source);
  for (const { from, step, values } of series) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      sum += values[i];
      count++;
      if (!(high >= values[i])) [high, highAt] = [values[i], from + i * step];
    }
  }
  if (count === 0) return 'Surprise: not recorded.';
  const last = series.at(-1)!;
  const to = Math.round(last.from + last.step * last.values.length) - 1;
  const mean = source.updates ? `mean ${fixed(sum / count, 1)} nats, ` : '';
  return `Surprise of tokens ${Math.round(series[0].from)} to ${to}, ${mean}highest ${fixed(high, 1)} at token ${Math.round(highAt)}.`;
}

/** Where the playhead stands, in the toolbar: numbers and words by turns. */
export function placeOf(state: ViewState, run: RunInfo): readonly string[] {
  const total = Math.max(state.host.total, run.positions);
  return [
    grouped(state.updates),
    ` of ${grouped(run.updates)} updates`,
    ', token ',
    grouped(playheadPosition(state)),
    ` of ${grouped(total)}`,
  ];
}
