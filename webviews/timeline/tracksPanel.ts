import { memoryLabel, memoryOwner, type RunInfo } from '../../engine/protocol/index.ts';
import { BLOCK_HEIGHT, heatMap, heatMapHeight } from '../charts/heatMap.ts';
import { cmsIndex, levelColor } from '../charts/levelColor.ts';
import { levelMark } from '../charts/levelMark.ts';
import { type Line, type LineTrackOptions, lineTrack } from '../charts/lineTrack.ts';
import { surpriseBars } from '../charts/surpriseBars.ts';
import type { Theme } from '../charts/theme.ts';
import { element, setText } from '../ui/dom.ts';
import { fixed, grouped, NONE, scientific } from '../ui/format.ts';
import { percent } from './describe.ts';
import { HEIGHTS, heatData, SCALES, trackLines } from './drawing.ts';
import { meanSurprise, probeAt, readLevel, shownLoss, shownUpdate } from './readings.ts';
import { gatedLevel, levelOrder, type Row } from './rows.ts';
import type { ViewState } from './state.ts';
import { sourceOf, surpriseSteps } from './trackData.ts';
import { type TrackRow, trackRow } from './trackRow.ts';
import type { Draw, ViewActions } from './viewContext.ts';

interface Tracks {
  readonly run: RunInfo;
  readonly draw: (state: ViewState, theme: Theme) => void;
  readonly rows: readonly TrackRow[];
}

/** All tracks of a run on one time axis. */
export function tracksPanel(
  parent: HTMLElement,
  actions: ViewActions,
): Draw & { plotOf: (state: ViewState) => HTMLElement | undefined } {
  const panel = element('div', 'tracks');
  panel.setAttribute('role', 'group');
  panel.setAttribute('aria-label', 'Tracks');
  parent.append(panel);
  panel.addEventListener('focusin', () => actions.dispatch({ type: 'focus', focused: true }));
  panel.addEventListener('focusout', () => actions.dispatch({ type: 'focus', focused: false }));
  let tracks: Tracks | undefined;

  const draw: Draw = (state, { theme, hurried }) => {
    const { run } = state.host;
    if (!run) return;
    if (!tracks || !sameShape(tracks.run, run)) {
      panel.replaceChildren();
      tracks = build(panel, run, actions);
    }
    const hadFocus = panel.contains(document.activeElement);
    tracks.draw(state, theme);
    for (const row of tracks.rows) row.describe(state, hurried);
    // The keyboard goes on in the row that is selected now; another part of the window keeps it.
    const plot = panel.querySelector<HTMLElement>('.track.selected .plot');
    if (hadFocus && document.hasFocus() && plot !== document.activeElement)
      plot?.focus({ preventScroll: true });
  };
  return Object.assign(draw, {
    plotOf: ({ row }: ViewState) => tracks?.rows.find(track => sameTrack(track.row, row))?.plot,
  });
}

const sameTrack = (a: Row, b: Row): boolean =>
  a.kind === 'level' && b.kind === 'level' ? a.level === b.level : a.kind === b.kind;

function sameShape(a: RunInfo, b: RunInfo): boolean {
  return (
    a.id === b.id &&
    a.blocks === b.blocks &&
    a.levels.length === b.levels.length &&
    a.probes.length === b.probes.length
  );
}

function build(panel: HTMLElement, run: RunInfo, actions: ViewActions): Tracks {
  const parts = [surpriseTrack(panel, actions), ...lineTracks(panel, run, actions)];
  const scale = element('div', 'heat-scale dim');
  scale.append(element('span', '', 'ρ = ‖ΔW‖ / ‖W‖ of one update; a cell spans the tokens it read'));
  const ramp = element('span', 'ramp', element('span', 'number', '1e-5'));
  for (let i = 0; i < 5; i++) ramp.append(element('i', `r${i}`));
  ramp.append(element('span', 'number', '1e-1'));
  ramp.setAttribute('aria-hidden', 'true');
  scale.append(ramp);
  panel.append(element('div', 'track head', element('div', 'name', 'updates'), scale));
  const levels = levelOrder(run).map(level => levelTrack(panel, run, level, actions));
  if (!run.levels.some(({ id }) => id === 'outer')) panel.append(fixedRow());
  const after = [gatesTrack(panel, run, actions), driftTrack(panel, run, actions)];
  const all = [...parts, ...levels, ...after];
  return {
    run,
    rows: all.map(({ row }) => row),
    draw: (state, theme) => {
      for (const part of all) part.draw(state, theme);
    },
  };
}

function fixedRow(): HTMLElement {
  const name = element('div', 'name', element('b', 'dim', 'outer'));
  return element(
    'div',
    'track fixed',
    name,
    element('div', 'plot dim', 'fixed while training on a selection'),
  );
}

interface Part {
  readonly row: TrackRow;
  readonly draw: (state: ViewState, theme: Theme) => void;
}

/** Says whether any of its arguments is another than the last time: a moving playhead changes no chart. */
function changes(): (...keys: readonly unknown[]) => boolean {
  let last: readonly unknown[] | undefined;
  return (...keys) => {
    if (last?.every((key, i) => key === keys[i])) return false;
    last = keys;
    return true;
  };
}

function surpriseTrack(panel: HTMLElement, actions: ViewActions): Part {
  const height = HEIGHTS.surprise;
  const row = trackRow(
    panel,
    {
      name: 'surprise',
      sub: 'nats',
      height,
      axis: [
        ['8', 0],
        ['0', height - 8],
      ],
      rowAt: () => ({ kind: 'surprise' }),
    },
    actions,
  );
  let chart: ReturnType<typeof surpriseBars> | undefined;
  const changed = changes();
  return {
    row,
    draw(state, theme) {
      const update = shownUpdate(state);
      row.value(update ? fixed(meanSurprise(update), 2) : NONE);
      const { width, window } = state;
      const [source, other] = [sourceOf(state, 0), sourceOf(state, 1)];
      const unread = state.host.run?.positions;
      if (width <= 0 || !changed(source, other, window, width, theme, unread)) return;
      const data = {
        series: source ? surpriseSteps(source) : [],
        other: other && surpriseSteps(other),
        unread,
      };
      const options = { span: window, width, height, theme };
      if (chart) chart(data, options);
      else chart = surpriseBars(row.chart, data, options);
    },
  };
}

function linePart(
  row: TrackRow,
  height: number,
  lines: (state: ViewState, theme: Theme) => { lines: Line[]; scale: LineTrackOptions['scale'] },
  values: (state: ViewState) => string[],
): Part {
  let chart: ReturnType<typeof lineTrack> | undefined;
  const changed = changes();
  return {
    row,
    draw(state, theme) {
      row.value(...values(state));
      const { width, window, level, host } = state;
      const sources = [sourceOf(state, 0), sourceOf(state, 1)];
      // The whole run decides how high the scale is.
      const whole = state.pieces.map(pieces => pieces.whole);
      if (width <= 0 || !changed(...sources, ...whole, window, width, theme, level, host.run, host.other))
        return;
      const drawn = lines(state, theme);
      const options = { span: window, width, height, theme, scale: drawn.scale };
      if (chart) chart(drawn.lines, options);
      else chart = lineTrack(row.chart, drawn.lines, options);
    },
  };
}

function lineTracks(panel: HTMLElement, run: RunInfo, actions: ViewActions): Part[] {
  const loss = trackRow(
    panel,
    {
      name: 'loss',
      sub: 'nats/token',
      height: HEIGHTS.loss,
      axis: [
        ['', 0],
        ['0', HEIGHTS.loss - 8],
      ],
      rowAt: () => ({ kind: 'loss' }),
    },
    actions,
  );
  const lossTop = loss.name.querySelector('.mark-text')!;
  const parts = [
    linePart(
      loss,
      HEIGHTS.loss,
      (state, theme) => {
        setText(lossTop, String(SCALES.lossTop(state)));
        return trackLines(state, 'loss', theme);
      },
      state => [fixed(shownLoss(state), 2)],
    ),
  ];
  if (run.probes.length === 0) return parts;
  const probes = trackRow(
    panel,
    {
      name: 'probes',
      sub: 'p(answer)',
      height: HEIGHTS.probes,
      axis: [
        ['', 0],
        ['0', HEIGHTS.probes - 8],
      ],
      rowAt: () => ({ kind: 'probes' }),
    },
    actions,
  );
  const probesTop = probes.name.querySelector('.mark-text')!;
  parts.push(
    linePart(
      probes,
      HEIGHTS.probes,
      (state, theme) => {
        setText(probesTop, `${100 * SCALES.probesTop(state)} %`);
        return trackLines(state, 'probes', theme);
      },
      state => run.probes.slice(0, 3).map((_, i) => percent(probeAt(state, i))),
    ),
  );
  return parts;
}

function levelTrack(panel: HTMLElement, run: RunInfo, level: number, actions: ViewActions): Part {
  const { id, period } = run.levels[level];
  const mark = element('span', 'mark');
  const rowAt = (top: number) => ({
    kind: 'level' as const,
    level,
    block: Math.max(0, Math.min(run.blocks - 1, Math.floor(top / BLOCK_HEIGHT))),
  });
  const owner = memoryOwner(id);
  const name = element('div', owner ? 'level memory' : 'level', mark, element('b', '', memoryLabel(id)));
  if (owner) name.title = `Memory of the optimizer of ${owner}`;
  const row = trackRow(
    panel,
    {
      name,
      sub: owner ? `of ${owner}` : `every ${grouped(period)}`,
      height: heatMapHeight(run.blocks),
      rowAt,
    },
    actions,
  );
  row.node.classList.add('heat');
  row.node.dataset.level = id;
  const cms = run.levels.filter(other => cmsIndex(other.id) >= 0).length;
  let chart: ReturnType<typeof heatMap> | undefined;
  let drawMark: ReturnType<typeof levelMark> | undefined;
  const changed = changes();
  return {
    row,
    draw(state, theme) {
      row.node.hidden = owner !== undefined && !state.memories;
      if (row.node.hidden) return;
      const reading = readLevel(state, level, state.block);
      row.value(reading ? scientific(reading.rho) : NONE);
      if (state.width <= 0) return;
      const color = levelColor(theme, id, cms);
      const selected = state.row.kind === 'level' && state.row.level === level ? state.row.block : undefined;
      const cell = selected === undefined ? undefined : reading?.last?.index;
      const { window, width, host } = state;
      if (
        !changed(
          sourceOf(state, 0),
          sourceOf(state, 1),
          window,
          width,
          theme,
          host.run,
          host.total,
          selected,
          cell,
        )
      )
        return;
      const data = heatData(state, level, reading?.last);
      row.plot.style.height = `${heatMapHeight(run.blocks, !!data.other)}px`;
      const options = { span: state.window, width: state.width, theme, color };
      if (chart) chart(data, options);
      else chart = heatMap(row.chart, data, options);
      if (drawMark) drawMark(id, { theme, color });
      else drawMark = levelMark(mark, id, { theme, color });
    },
  };
}

function gatesTrack(panel: HTMLElement, run: RunInfo, actions: ViewActions): Part {
  const height = HEIGHTS.gates;
  const row = trackRow(
    panel,
    {
      name: 'gates',
      sub: ' ',
      height,
      axis: [
        ['1', 0],
        ['0', height - 8],
      ],
      rowAt: () => ({ kind: 'gates' }),
    },
    actions,
  );
  const sub = row.name.querySelector('.sub')!;
  return linePart(
    row,
    height,
    (state, theme) => {
      setText(sub, run.levels[gatedLevel(run, state.level)]?.id ?? 'none');
      return trackLines(state, 'gates', theme);
    },
    state => {
      const level = gatedLevel(run, state.level);
      const reading = level < 0 ? undefined : readLevel(state, level, state.block);
      return reading ? [`α ${fixed(reading.alpha, 3)}`, `η ${fixed(reading.eta, 3)}`] : [NONE];
    },
  );
}

function driftTrack(panel: HTMLElement, run: RunInfo, actions: ViewActions): Part {
  const height = HEIGHTS.drift;
  const row = trackRow(
    panel,
    {
      name: 'drift',
      sub: '‖W−W₀‖/‖W₀‖',
      height,
      axis: [
        ['1', 0],
        ['1e-4', height - 8],
      ],
      rowAt: () => ({ kind: 'drift' }),
    },
    actions,
  );
  return linePart(
    row,
    height,
    (state, theme) => trackLines(state, 'drift', theme),
    state => {
      const reading = readLevel(state, Math.min(state.level, run.levels.length - 1), state.block);
      return [reading ? fixed(reading.drift, 4) : NONE];
    },
  );
}
