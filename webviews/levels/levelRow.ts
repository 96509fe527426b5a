import { type LevelInfo, memoryLabel, memoryOwner } from '../../engine/protocol/index.ts';
import { cmsIndex, levelColor } from '../charts/levelColor.ts';
import { levelMark } from '../charts/levelMark.ts';
import { pendingBar } from '../charts/pendingBar.ts';
import { RASTER_HEIGHT, type RasterData, updateRaster } from '../charts/updateRaster.ts';
import { element, setAttribute, setText } from '../ui/dom.ts';
import { fixed, grouped, NONE, scientific, significant } from '../ui/format.ts';
import { describeRaster, describeRow } from './describe.ts';
import { endOf } from './history.ts';
import { firingsIn, type LevelReading, nextFiring, readLevel, tokensToGo } from './readings.ts';
import type { ViewState } from './state.ts';
import { headsOf } from './surprisePanel.ts';
import { shownUpdate, timeWindow } from './timeWindow.ts';
import { type Draw, NARROW, type ViewActions } from './viewContext.ts';

/** Width of the pending bar, px: in a narrow panel and otherwise. */
const BAR = { narrow: 40, normal: 64 };

export interface LevelRow {
  readonly node: HTMLElement;
  /** The time axis inside the row. */
  readonly raster: HTMLElement;
  readonly draw: Draw;
}

/**
 * One level's row, or below it that of a memory of its optimizer.
 * @param index Its place from fast to slow. @param levels All levels of the model, then those memories.
 */
export function levelRow(
  index: number,
  levels: readonly LevelInfo[],
  dispatch: ViewActions['dispatch'],
): LevelRow {
  const level = levels[index];
  const parts = rowParts(level);
  const memories = levels.filter(({ id }) => memoryOwner(id) === level.id);
  const toggle = memories.length ? memoryToggle(parts.node, level.id, memories, dispatch) : undefined;
  if (toggle) parts.every.before(toggle);
  const cmsLevels = levels.filter(({ id }) => cmsIndex(id) >= 0).length;
  let charts: ReturnType<typeof rowCharts> | undefined;

  const draw: Draw = (state, { theme, panelWidth, trackWidth: width }) => {
    const shown = shownUpdate(state);
    const reading = readLevel(state.history, index, state.block, shown);
    writeNumbers(parts, level, reading);
    const opened = state.opened.has(level.id);
    if (toggle) setAttribute(toggle, 'aria-expanded', String(opened));
    const below = { count: memories.length, opened };
    setAttribute(parts.node, 'aria-label', describeRow(level, reading, shown, below));
    parts.node.tabIndex = state.row === index ? 0 : -1;
    parts.node.classList.toggle('selected', state.row === index && state.focus === index);
    const span = timeWindow(state);
    const data = rasterData(state, level, index, reading, panelWidth < NARROW);
    setAttribute(parts.raster, 'aria-label', describeRaster(level.id, data.firings.length, span));
    parts.node.dataset.updates = String(state.history.totals.fired[index] ?? 0);
    if (width <= 0) return;
    const color = levelColor(theme, level.id, cmsLevels);
    const drawn = {
      raster: { span, width, theme, color, heads: headsOf(state) },
      bar: { width: panelWidth < NARROW ? BAR.narrow : BAR.normal, theme, color },
    };
    const pending = { pending: reading.pending, period: level.period };
    if (charts) {
      charts.mark(level.id, { theme, color });
      charts.raster(data, drawn.raster);
      charts.bar?.(pending, drawn.bar);
    } else charts = rowCharts(parts, level, data, pending, drawn);
  };
  return { node: parts.node, raster: parts.raster, draw };
}

type RowParts = ReturnType<typeof rowParts>;

function rowParts({ id, period }: LevelInfo) {
  const mark = element('span', 'mark');
  const every = period > 0 ? `every ${grouped(period)}` : '';
  const owner = memoryOwner(id);
  const everyNode = element('span', 'every dim', owner ? 'optimizer' : every);
  const name = element('div', 'name', mark, element('b', '', memoryLabel(id)), everyNode);
  if (owner) name.title = `Memory of the optimizer of ${owner}`;
  const sub = element('div', 'sub dim', owner ? `optimizer of ${owner}` : every && `${every} tok`);
  const rho = element('div', 'rho number');
  const drift = element('div', 'drift number');
  const raster = element('div', 'raster');
  raster.style.height = `${RASTER_HEIGHT}px`;
  raster.setAttribute('role', 'img');
  const bar = element('span', 'bar');
  const togo = element('span', 'number');
  const of = element('span', 'of', `of ${grouped(period)} `);
  const toGoUnit = element('span', 'dim', ' ', of, element('span', 'tk', 'tokens '), 'to go');
  const pending = element('div', 'pending', bar, element('span', '', togo, toGoUnit));
  const gates = element('div', 'gates number');
  const node = element('div', owner ? 'row memory' : 'row', name, sub, rho, drift, raster);
  if (period > 0) node.append(pending, gates);
  node.setAttribute('role', 'listitem');
  node.setAttribute('aria-describedby', 'levels-card');
  node.dataset.level = id;
  return { node, mark, every: everyNode, rho, drift, raster, bar, togo, gates };
}

/** Shows and hides the rows of an optimizer's memories; Enter on the level's row does the same. */
function memoryToggle(
  row: HTMLElement,
  level: string,
  memories: readonly LevelInfo[],
  dispatch: ViewActions['dispatch'],
): HTMLButtonElement {
  const names = memories.map(({ id }) => memoryLabel(id)).join(', ');
  const button = element('button', 'memories', element('span', 'twistie'), String(memories.length));
  button.type = 'button';
  // The list has one tab stop, the row.
  button.tabIndex = -1;
  button.title = `What the optimizer of ${level} remembers: ${names} (Enter)`;
  button.setAttribute('aria-label', `Memories of the optimizer of ${level}: ${names}`);
  const turn = (): void =>
    dispatch({ type: 'open', level, open: button.getAttribute('aria-expanded') !== 'true' });
  button.addEventListener('click', turn);
  row.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.target !== row) return;
    event.preventDefault();
    turn();
  });
  return button;
}

function writeNumbers(parts: RowParts, level: LevelInfo, reading: LevelReading): void {
  setText(parts.rho, scientific(reading.last ? reading.rho : Number.NaN));
  setText(parts.drift, driftText(reading));
  setText(parts.togo, grouped(tokensToGo(level.period, reading.pending)).padStart(3));
  if (memoryOwner(level.id)) {
    const told = reading.writtenSurprise;
    parts.gates.hidden = Number.isNaN(told);
    setText(parts.gates, Number.isNaN(told) ? '' : `surprise ${significant(told)}`);
    return;
  }
  const gated = !Number.isNaN(reading.alpha) || !Number.isNaN(reading.eta);
  parts.gates.hidden = !gated;
  setText(parts.gates, gated ? `α ${fixed(reading.alpha, 3)}  η ${fixed(reading.eta, 3)}` : '');
}

/** A level that never changed has no drift worth a number; an earlier training may have changed it. */
export const driftText = ({ last, drift }: LevelReading): string =>
  last || drift > 0 ? fixed(drift, 4) : NONE;

function rasterData(
  state: ViewState,
  level: LevelInfo,
  index: number,
  reading: LevelReading,
  narrow: boolean,
): RasterData {
  const { period } = level;
  const kept = state.history.updates[0]?.position ?? 0;
  if (period === 0) {
    return {
      firings: [],
      period,
      kept: 0,
      note: narrow ? 'fixed in this run' : 'fixed while training on a selection',
    };
  }
  const firings = firingsIn(state.history, index, state.block, timeWindow(state));
  const planned = nextFiring(level, reading, shownUpdate(state));
  let note: string | undefined;
  if (!reading.last) note = `no update yet, first at ${grouped(planned)}`;
  else if (firings.length === 0) note = `no update here, last at ${grouped(endOf(reading.last))}`;
  return { firings, period, kept, note, planned: note || state.cursor !== undefined ? undefined : planned };
}

function rowCharts(
  parts: RowParts,
  level: LevelInfo,
  data: RasterData,
  pending: { pending: number; period: number },
  drawn: {
    raster: Parameters<typeof updateRaster>[2];
    bar: Parameters<typeof pendingBar>[2];
  },
) {
  return {
    mark: levelMark(parts.mark, level.id, drawn.bar),
    raster: updateRaster(parts.raster, data, drawn.raster),
    bar: level.period > 0 ? pendingBar(parts.bar, pending, drawn.bar) : undefined,
  };
}
