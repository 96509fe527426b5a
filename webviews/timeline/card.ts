import { memoryOwner, ownLevels } from '../../engine/protocol/index.ts';
import { fixed, grouped, NONE, scientific, significant } from '../ui/format.ts';
import { percent } from './describe.ts';
import { meanSurprise, probeAt, readLevel, shownLoss, shownUpdate, tokensOf } from './readings.ts';
import type { Row } from './rows.ts';
import { endOf, metricOf } from './runPieces.ts';
import { updatesUnder, type ViewState } from './state.ts';
import { levelCells, sourceOf } from './trackData.ts';

/** What hover and focus show beside a track: names and numbers. */
export interface Card {
  readonly row: Row;
  readonly by: 'pointer' | 'focus';
  /** Position on the time axis that the card is about. */
  readonly position: number;
  readonly title: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
}

/** The card to show, if any: the pointer's before the keyboard's. */
export function cardOf(state: ViewState): Card | undefined {
  const { pointer, focused, host, cardDismissed } = state;
  if (cardDismissed || !host.run || (!pointer && !focused)) return undefined;
  const updates = pointer ? updatesUnder(state, Math.max(0, pointer.position)) : state.updates;
  if (updates === undefined || updates === 0) return undefined;
  const at = { ...state, updates, row: pointer?.row ?? state.row };
  const update = shownUpdate(at);
  const by = pointer ? 'pointer' : 'focus';
  if (!update) return pointer && overviewCard(state, at.row, pointer.position);
  const [first, last] = tokensOf(update);
  const tokens = first === last ? `token ${grouped(first)}` : `tokens ${grouped(first)} to ${grouped(last)}`;
  const position = pointer?.position ?? endOf(update);
  const common = { row: at.row, by, position } as const;
  if (at.row.kind === 'level') {
    const { id } = host.run.levels[at.row.level];
    return {
      ...common,
      title: `${id}, block ${at.row.block + 1}, update ${grouped(updates)}, ${tokens}`,
      lines: levelLines(at),
    };
  }
  return { ...common, title: `update ${grouped(updates)}, ${tokens}`, lines: trackLines(at) };
}

function levelLines(state: ViewState): Card['lines'] {
  const { row } = state;
  if (row.kind !== 'level') return [];
  const r = readLevel(state, row.level, row.block);
  if (!r) return [];
  const { id, period } = state.host.run!.levels[row.level];
  const memory = memoryOwner(id) !== undefined;
  const w = memory ? 'm' : 'W';
  const lines: (readonly [string, number, string])[] = [
    [`ρ = ‖Δ${w}‖ / ‖${w}‖`, r.rho, scientific(r.rho)],
    [`‖Δ${w}‖`, r.deltaNorm, significant(r.deltaNorm)],
    [`‖${w}‖`, r.weightNorm, significant(r.weightNorm)],
    ['surprise ‖∇‖', memory ? r.writtenSurprise : Number.NaN, significant(r.writtenSurprise)],
    ['‖g‖', r.gradientNorm, significant(r.gradientNorm)],
    ['drift', r.drift, fixed(r.drift, 4)],
    ['local surprise LSS', memory ? Number.NaN : r.lss, significant(r.lss)],
    ['retention α', r.alpha, fixed(r.alpha, 4)],
    ['learning rate η', r.eta, fixed(r.eta, 4)],
  ];
  return [
    ['last update', r.last ? `${grouped(r.last.index + 1)}, at token ${grouped(endOf(r.last))}` : 'none yet'],
    ...lines.filter(([, value]) => !Number.isNaN(value)).map(([name, , text]) => [name, text] as const),
    ...(Number.isNaN(r.pending)
      ? []
      : [['pending', `${grouped(r.pending)} of ${grouped(period)} tokens`] as const]),
  ];
}

function trackLines(state: ViewState): Card['lines'] {
  const run = state.host.run!;
  const update = shownUpdate(state)!;
  const fired = ownLevels(run.levels).filter((_, level) => metricOf(update, run, 0, level, 'fired') > 0);
  const highest = Math.max(...update.surprise);
  return [
    ['loss', `${fixed(update.loss, 2)} nats a token, mean of 64 ${fixed(shownLoss(state), 2)}`],
    ['surprise', `mean ${fixed(meanSurprise(update), 2)}, highest ${fixed(highest, 2)} nats`],
    ...run.probes
      .slice(0, 4)
      .map((probe, i) => [`p(${probe.answer.trim()})`, percent(probeAt(state, i))] as const),
    ['updated', fired.length ? fired.map(({ id }) => id).join(', ') : 'no level'],
  ];
}

/** Where the updates are not loaded the overview still knows the strongest of each column. */
function overviewCard(state: ViewState, row: Row, position: number): Card | undefined {
  const source = sourceOf(state, 0);
  if (row.kind !== 'level' || !source) return undefined;
  const cell = levelCells(source, row.level)[row.block]?.find(
    ({ from, to }) => position >= from && position <= to,
  );
  const { id } = state.host.run!.levels[row.level];
  return {
    ...{
      row,
      by: 'pointer',
      position,
      title: `${id}, block ${row.block + 1}, about token ${grouped(position)}`,
    },
    lines: [['largest ρ here', cell ? scientific(cell.rho) : NONE]],
  };
}
