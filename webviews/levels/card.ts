import {
  type LevelInfo,
  memoryLabel,
  memoryOwner,
  ownLevels,
  type Update,
} from '../../engine/protocol/index.ts';
import { count, fixed, grouped, NONE, scientific, significant } from '../ui/format.ts';
import { describeUpdate } from './describe.ts';
import { endOf, firedIn, updateAt } from './history.ts';
import { blocksOf, readLevel, tokensToGo } from './readings.ts';
import type { Region, ViewState } from './state.ts';
import { summarise } from './surprise.ts';
import { passTokens, shownUpdate } from './timeWindow.ts';

/** What hover and focus show beside a track or a row: names and numbers. */
export interface Card {
  readonly region: Region;
  readonly by: 'pointer' | 'focus';
  readonly title: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
}

/** The card to show, if any: the pointer's before the keyboard's. */
export function cardOf(state: ViewState): Card | undefined {
  const { pointer, focus, cardDismissed, host } = state;
  const region = pointer?.region ?? focus;
  const update =
    (pointer?.update !== undefined && updateAt(state.history, pointer.update)) || shownUpdate(state);
  if (cardDismissed || region === undefined || !update) return undefined;
  const by = pointer ? 'pointer' : 'focus';
  if (region === 'surprise')
    return { region, by, title: describeUpdate(update, grouped), lines: updateLines(state, update) };
  const level = host.model?.levels[region];
  if (!level || level.period === 0) return undefined;
  return {
    region,
    by,
    title: `${rowName(level.id)}, ${describeUpdate(update, grouped)}`,
    lines: levelLines(state, region, level, update),
  };
}

/** A memory of an optimizer with whose it is. */
function rowName(id: string): string {
  const owner = memoryOwner(id);
  return owner ? `${memoryLabel(id)} of ${owner}` : id;
}

function updateLines(state: ViewState, update: Update): Card['lines'] {
  const { history, host } = state;
  const { mean, highest, at } = summarise(history, { from: update.position, to: endOf(update) });
  const fired = ownLevels(host.model?.levels ?? []).filter(
    (_, level) => level < history.levels && firedIn(update, history.blocks, history.levels, level),
  );
  const tokens = passTokens(state);
  return [
    ['loss', `${fixed(update.loss, 2)} nats a token`],
    ['surprise', Number.isNaN(mean) ? NONE : `mean ${fixed(mean, 2)} nats`],
    ['highest', Number.isNaN(highest) ? NONE : `${fixed(highest, 2)} nats at token ${grouped(at)}`],
    ...(tokens === undefined ? [] : [['pass', grouped(Math.floor(update.position / tokens) + 1)] as const]),
    ['updated', fired.length ? fired.map(({ id }) => id).join(', ') : 'no level'],
  ];
}

function levelLines(state: ViewState, index: number, level: LevelInfo, update: Update): Card['lines'] {
  const { history, block } = state;
  const r = readLevel(history, index, block, update);
  const blocks = blocksOf(history, block);
  const where = (of: number): string => (history.blocks > 1 && of >= 0 ? ` block ${of + 1}` : '');
  const average = blocks.length > 1 ? ' mean' : where(blocks[0] ?? -1);
  const live = state.cursor === undefined && state.pointer?.update === undefined;
  const memory = memoryOwner(level.id) !== undefined;
  const w = memory ? 'm' : 'W';
  const told = r.writtenSurprise;
  const lines: (readonly [string, number, string])[] = [
    [`ρ = ‖Δ${w}‖ / ‖${w}‖`, r.rho, `${scientific(r.rho)}${where(r.block)}`],
    [`‖Δ${w}‖`, r.deltaNorm, significant(r.deltaNorm)],
    [`‖${w}‖`, r.weightNorm, significant(r.weightNorm)],
    ['surprise ‖∇‖', memory ? told : Number.NaN, `${significant(told)}${where(r.block)}`],
    ['‖g‖', r.gradientNorm, significant(r.gradientNorm)],
    ['drift', r.drift, `${fixed(r.drift, 4)}${where(r.driftBlock)}`],
    ['local surprise LSS', memory ? Number.NaN : r.lss, `${significant(r.lss)}${average}`],
    ['retention α', r.alpha, `${fixed(r.alpha, 4)}${average}`],
    ['learning rate η', r.eta, `${fixed(r.eta, 4)}${average}`],
  ];
  return [
    ['last update', r.last ? `at ${count(endOf(r.last), 'token')}` : 'none yet'],
    ...lines.filter(([, value]) => !Number.isNaN(value)).map(([name, , text]) => [name, text] as const),
    ['pending', `${grouped(r.pending)} of ${count(level.period, 'token')}`],
    ['next update', `in ${count(tokensToGo(level.period, r.pending), 'token')}`],
    ...(live ? [['updates so far', grouped(history.totals.fired[index] ?? 0)] as const] : []),
  ];
}
