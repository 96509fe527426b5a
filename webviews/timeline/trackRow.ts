import { element, setAttribute, setText } from '../ui/dom.ts';
import { describeCell, describeTrack } from './describe.ts';
import { type Row, sameRow } from './rows.ts';
import { updatesUnder, type ViewState } from './state.ts';
import { sourceOf } from './trackData.ts';
import type { ViewActions } from './viewContext.ts';

/** One track: its name on the left, the plot, its value at the playhead on the right. */
export interface TrackRow {
  readonly node: HTMLElement;
  /** What it shows; of a level's blocks the first. */
  readonly row: Row;
  readonly plot: HTMLElement;
  readonly chart: HTMLElement;
  readonly name: HTMLElement;
  /** Writes the values on the right, one a line. */
  value(...lines: string[]): void;
  /** Keeps the slider's numbers and what it says. @param hurried what it says of the whole track may wait */
  describe(state: ViewState, hurried: boolean): void;
}

export interface TrackOptions {
  readonly name: string | HTMLElement;
  readonly sub?: string;
  readonly height: number;
  /** Marks at the axis: text and its place from the top, px. */
  readonly axis?: readonly (readonly [text: string, top: number])[];
  /** The row under a place from the top, px. */
  readonly rowAt: (top: number) => Row;
}

/** Builds a track whose plot is a slider over the updates. */
export function trackRow(parent: HTMLElement, options: TrackOptions, { dispatch }: ViewActions): TrackRow {
  const { height, rowAt } = options;
  const name = element('div', 'name', options.name, element('div', 'dim sub', options.sub ?? ''));
  for (const [text, top] of options.axis ?? []) {
    const mark = element('span', 'mark-text number dim', text);
    mark.style.top = `${top}px`;
    name.append(mark);
  }
  const chart = element('div', 'chart');
  const plot = element('div', 'plot', chart);
  plot.style.height = `${height}px`;
  plot.tabIndex = -1;
  plot.setAttribute('role', 'slider');
  plot.setAttribute('aria-describedby', 'timeline-card');
  const values = element('div', 'value number');
  const node = element('div', 'track', name, plot, values);
  parent.append(node);
  let now: ViewState | undefined;
  let labelled: { source: unknown; row: Row } = { source: undefined, row: rowAt(0) };

  const at = (event: PointerEvent): { row: Row; position: number } | undefined => {
    const box = plot.getBoundingClientRect();
    if (!now || box.width === 0) return undefined;
    const { from, to } = now.window;
    return {
      row: rowAt(event.clientY - box.top),
      position: from + ((event.clientX - box.left) / box.width) * (to - from),
    };
  };
  const scrub = (event: PointerEvent): void => {
    const place = at(event);
    const updates = now && place && updatesUnder(now, Math.max(0, place.position));
    if (updates !== undefined) dispatch({ type: 'goTo', updates });
  };
  plot.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    const place = at(event);
    if (place) dispatch({ type: 'select', row: place.row });
    scrub(event);
    // Only a pointer that exists can be captured.
    if (event.isTrusted) plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointermove', event => {
    const place = at(event);
    if (event.buttons & 1 && plot.hasPointerCapture(event.pointerId)) scrub(event);
    dispatch({ type: 'pointer', pointer: place });
  });
  plot.addEventListener('pointerleave', () => dispatch({ type: 'pointer', pointer: undefined }));

  return {
    node,
    row: rowAt(0),
    plot,
    chart,
    name,
    value(...lines) {
      setText(values, lines.join('\n'));
    },
    describe(state, hurried) {
      now = state;
      const selected = sameRow(rowAt(rowTop(state.row)), state.row);
      node.classList.toggle('selected', selected);
      plot.tabIndex = selected ? 0 : -1;
      const row = selected ? state.row : rowAt(0);
      // A whole track takes a look at all of its values: only when they are others.
      const source = sourceOf(state, 0);
      if (!hurried && (source !== labelled.source || !sameRow(row, labelled.row))) {
        labelled = { source, row };
        setAttribute(plot, 'aria-label', describeTrack(state, row));
      }
      setAttribute(plot, 'aria-valuemin', 0);
      setAttribute(plot, 'aria-valuemax', state.host.run?.updates ?? 0);
      setAttribute(plot, 'aria-valuenow', state.updates);
      setAttribute(plot, 'aria-valuetext', selected ? describeCell(state) : undefined);
    },
  };
}

/** A place inside the row of a level's block, px from the top of its plot. */
const rowTop = (row: Row): number => (row.kind === 'level' ? row.block * 11 + 5 : 0);
