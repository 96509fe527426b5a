import { overviewTrack, ownLevels, type RunInfo, type Update } from '../../engine/protocol/index.ts';
import type { Cell, HeatMapData } from '../charts/heatMap.ts';
import { cmsIndex, levelColor } from '../charts/levelColor.ts';
import { type Line, type LineTrackOptions, linear, logarithmic } from '../charts/lineTrack.ts';
import { comparedColor, type Theme } from '../charts/theme.ts';
import { grouped } from '../ui/format.ts';
import { tickOf } from './geometry.ts';
import { gatedLevel } from './rows.ts';
import { endOf } from './runPieces.ts';
import type { ViewState } from './state.ts';
import {
  levelCells,
  levelPoints,
  lossPoints,
  pendingOf,
  plannedFirings,
  probePoints,
  type Source,
  sourceOf,
} from './trackData.ts';

/** Heights of the tracks, px. */
export const HEIGHTS = { surprise: 36, loss: 40, probes: 44, gates: 32, drift: 32, brush: 30 } as const;

/** Tops of the scales: steps, so that they change rarely, if at all, as data arrives. */
export const SCALES = {
  lossTop({ pieces }: Pick<ViewState, 'pieces'>): number {
    let most = 0;
    for (const { whole } of pieces) {
      if (whole) for (const nats of overviewTrack(whole, 'loss')) if (nats > most) most = nats;
    }
    return [4, 8, 12].find(top => most <= top) ?? 16;
  },
  probesTop({ host }: Pick<ViewState, 'host'>): number {
    const all = [host.run, host.other]
      .flatMap(run => run?.probes ?? [])
      .flatMap(({ scores }) => scores.map(s => s.probability));
    const most = Math.max(0, ...all.filter(Number.isFinite));
    return [0.1, 0.3].find(top => most <= top) ?? 1;
  },
};

/** Tells lines of one colour apart. */
export const DASHES: readonly (readonly number[] | undefined)[] = [undefined, [4, 2], [1, 2], [6, 2, 1, 2]];

/** Lines of a track, with the scale they are drawn on. */
export function trackLines(
  state: ViewState,
  kind: 'loss' | 'probes' | 'gates' | 'drift',
  theme: Theme,
): { lines: Line[]; scale: LineTrackOptions['scale'] } {
  const { run } = state.host;
  const source = sourceOf(state, 0);
  const other = sourceOf(state, 1);
  switch (kind) {
    case 'loss': {
      const lines: Line[] = source ? [{ ...lossPoints(source), stroke: theme.foreground, width: 1.5 }] : [];
      if (other)
        lines.unshift({ ...lossPoints(other), stroke: comparedColor(theme), width: 1, dash: [3, 2] });
      return { lines, scale: linear(SCALES.lossTop(state)) };
    }
    case 'probes': {
      const own = run ? probePoints(run, state.pieces[0]) : [];
      const others = state.host.other ? probePoints(state.host.other, state.pieces[1]) : [];
      const lines = [
        ...others.map(
          (points, i): Line => ({
            ...{ ...points, stroke: comparedColor(theme), width: 1 },
            ...{ dash: DASHES[Math.min(i, 3)], stepped: true },
          }),
        ),
        ...own.map(
          (points, i): Line => ({
            ...{ ...points, stroke: i === 0 ? theme.foreground : theme.dim, width: i === 0 ? 1.5 : 1 },
            ...{ dash: DASHES[Math.min(i, 3)], stepped: true, dots: true },
          }),
        ),
      ];
      return { lines, scale: linear(SCALES.probesTop(state)) };
    }
    case 'gates': {
      const level = run ? gatedLevel(run, state.level) : -1;
      if (!run || !source || level < 0) return { lines: [], scale: linear(1) };
      const stroke = colorOf(run, level, theme);
      const alpha = { ...levelPoints(source, level, 'alpha'), stroke };
      const eta = { ...levelPoints(source, level, 'eta'), stroke, dash: [4, 2] };
      const compared = levelIn(other, run.levels[level].id);
      const others = compared < 0 ? [] : comparedGates(other!, compared, theme);
      return { lines: [...others, alpha, eta], scale: linear(1) };
    }
    case 'drift': {
      if (!run || !source) return { lines: [], scale: linear(1) };
      // A memory of an optimizer begins at zero: it has no drift.
      const lines = ownLevels(run.levels).map(
        (_, level): Line => ({
          ...levelPoints(source, level, 'drift'),
          ...{ stroke: colorOf(run, level, theme), width: level === state.level ? 2 : 1.25 },
          // Where colour carries nothing, dashes do.
          dash: theme.highContrast ? [[], [4, 2], [1, 2], [6, 2, 1, 2], [8, 3]][level % 5] : undefined,
        }),
      );
      const compared = levelIn(other, run.levels[state.level].id);
      if (compared >= 0) {
        const points = levelPoints(other!, compared, 'drift');
        lines.unshift({ ...points, stroke: comparedColor(theme), width: 1, dash: [3, 2] });
      }
      return { lines, scale: logarithmic(1e-4, 1) };
    }
  }
}

/** Index of a level in a compared run; −1 where it has none of that name. */
const levelIn = (source: Source | undefined, id: string): number =>
  source?.run.levels.findIndex(level => level.id === id) ?? -1;

function comparedGates(source: Source, level: number, theme: Theme): Line[] {
  const stroke = comparedColor(theme);
  const alpha = { ...levelPoints(source, level, 'alpha'), stroke, width: 1, dash: [1, 2] };
  return [alpha, { ...levelPoints(source, level, 'eta'), stroke, width: 1, dash: [3, 2] }];
}

export function colorOf(run: RunInfo, level: number, theme: Theme): string {
  const cms = run.levels.filter(({ id }) => cmsIndex(id) >= 0).length;
  return levelColor(theme, run.levels[level].id, cms);
}

/** What a level's heat map shows. @param last The level's last update at the playhead. */
export function heatData(state: ViewState, level: number, last: Update | undefined): HeatMapData {
  const run = state.host.run!;
  const source = sourceOf(state, 0);
  const { window, host } = state;
  if (!source) return { blocks: Array.from({ length: run.blocks }, () => []), planned: [] };
  const pending =
    host.total > run.positions || host.live ? pendingOf(source, state.pieces[0], level) : undefined;
  const { period } = run.levels[level];
  const total = Math.max(host.total, run.positions);
  const next = pending ? pending.from + period : Math.ceil((run.positions + 1) / period) * period;
  const toGo = next - run.positions;
  const note =
    pending && period > 16 && run.positions >= window.from && run.positions < total
      ? {
          at: run.positions,
          texts: [
            `${grouped(period - toGo)} of ${grouped(period)} read, ${grouped(toGo)} to go`,
            `${grouped(toGo)} to go`,
          ],
        }
      : undefined;
  const { row } = state;
  const selected =
    last && row.kind === 'level' && row.level === level
      ? { block: row.block, ...spanOf(run, level, last) }
      : undefined;
  return {
    blocks: levelCells(source, level),
    other: comparedCells(state, run.levels[level].id),
    pending,
    // Closer together they would be a pattern and not moments.
    planned:
      (period * state.width) / (window.to - window.from) < 8 ? [] : plannedFirings(run, level, window, total),
    note,
    selected,
  };
}

/** Updates of the same level of the compared run, the strongest of its blocks. */
function comparedCells(state: ViewState, id: string): Cell[] | undefined {
  const source = sourceOf(state, 1);
  const level = levelIn(source, id);
  if (!source || level < 0) return undefined;
  const strongest = new Map<number, Cell>();
  for (const cell of levelCells(source, level).flat()) {
    const known = strongest.get(cell.to);
    if (!known || cell.rho > known.rho) strongest.set(cell.to, cell);
  }
  return [...strongest.values()];
}

/** The tokens that an update of a level wrote. */
function spanOf(run: RunInfo, level: number, update: Update): { from: number; to: number } {
  const to = endOf(update);
  const { period } = run.levels[level];
  const before = Math.floor((to - 1) / period) * period;
  return { from: Math.min(before, to - tickOf(run)), to };
}

/** Where passes after the first begin in the window, unless they are too many to name. */
export function passes({ host, window }: ViewState): { position: number; text: string }[] {
  const tokens = host.run?.tokens ?? 0;
  // In the first pass the text may go on behind the last token that is known.
  if (tokens <= 0 || (host.live && host.run!.positions <= tokens)) return [];
  if ((window.to - window.from) / tokens > 12) return [];
  const found: { position: number; text: string }[] = [];
  const end = Math.min(window.to, Math.max(host.total, host.run!.positions));
  for (let pass = Math.max(1, Math.ceil(window.from / tokens)); pass * tokens < end; pass++) {
    found.push({ position: pass * tokens, text: `pass ${pass + 1}` });
  }
  return found;
}
