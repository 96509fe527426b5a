import { cmsIndex, levelColor } from '../charts/levelColor.ts';
import { levelMarkShapes } from '../charts/levelMark.ts';
import { pendingShapes } from '../charts/pendingBar.ts';
import { paintCanvas, paintSvg, type Shape } from '../charts/shapes.ts';
import { surpriseShapes } from '../charts/surpriseSparkline.ts';
import type { Theme } from '../charts/theme.ts';
import { translate } from '../charts/translate.ts';
import { rasterShapes } from '../charts/updateRaster.ts';
import { fixed, grouped, scientific } from '../ui/format.ts';
import { describeSurprise } from './describe.ts';
import { driftText } from './levelRow.ts';
import { firingsIn, nextFiring, readLevel, tokensToGo } from './readings.ts';
import { shownRows, type ViewState } from './state.ts';
import { placeOf } from './statusLine.ts';
import { summarise } from './surprise.ts';
import { headsOf } from './surprisePanel.ts';
import { passesIn, shownUpdate, timeWindow, updatesIn } from './timeWindow.ts';
import { WIDE } from './viewContext.ts';

/** Size and margins of the exported picture, px. */
const PICTURE = { width: 720, margin: 16, left: 152, right: 130, row: 48, top: 116 };
const TRACK = PICTURE.width - PICTURE.left - PICTURE.right;

/** The picture of the view as it stands: all that a reader needs without the editor around it. */
function picture(state: ViewState, theme: Theme): { height: number; shapes: Shape[] } {
  const shown = shownRows(state);
  const height = PICTURE.top + shown.length * PICTURE.row + 40;
  const rows = shown.flatMap((level, i) =>
    translate(levelShapes(state, level, theme), 0, PICTURE.top + i * PICTURE.row),
  );
  const shapes: Shape[] = [
    { kind: 'rect', x: 0, y: 0, width: PICTURE.width, height, fill: theme.background },
    ...heading(state, theme),
    ...translate(surpriseTrack(state, theme), PICTURE.left, 52),
    ...rows,
    ...legend(theme, height),
  ];
  return { height, shapes };
}

const text = (x: number, y: number, text: string, fill: string, more: object = {}): Shape => ({
  kind: 'text',
  x,
  y,
  text,
  fill,
  ...more,
});

function heading(state: ViewState, theme: Theme): Shape[] {
  const { host, block } = state;
  const name = [host.model?.name, host.run?.title].filter(Boolean).join(', ') || 'Levels';
  const blocks = block === undefined ? 'largest of all blocks' : `block ${block + 1}`;
  const right = PICTURE.width - PICTURE.right + 66;
  const { margin } = PICTURE;
  return [
    text(margin, 24, name, theme.foreground, { size: 13, bold: true }),
    text(margin, 42, `${placeOf(state, WIDE)}; ${blocks}`, theme.dim),
    text(margin, 70, 'surprise, 0 to 8 nats', theme.dim),
    text(margin, 90, 'token', theme.dim),
    text(right, 108, 'ρ', theme.dim, { anchor: 'end' }),
    text(PICTURE.width - margin, 108, 'drift', theme.dim, { anchor: 'end' }),
  ];
}

function surpriseTrack(state: ViewState, theme: Theme): Shape[] {
  const span = timeWindow(state);
  const stretches = updatesIn(state.history.updates, span).map(u => ({
    position: u.position,
    values: u.surprise,
  }));
  const data = { stretches, passes: passesIn(state, span) };
  const options = { span, width: TRACK, theme, heads: headsOf(state), number: grouped };
  const { marks, labels } = surpriseShapes(data, options);
  return [...marks, ...labels];
}

function levelShapes(state: ViewState, index: number, theme: Theme): Shape[] {
  const levels = state.host.model?.levels ?? [];
  const level = levels[index];
  const shown = shownUpdate(state);
  const reading = readLevel(state.history, index, state.block, shown);
  const span = timeWindow(state);
  const color = levelColor(theme, level.id, levels.filter(({ id }) => cmsIndex(id) >= 0).length);
  const planned = nextFiring(level, reading, shown);
  const note =
    level.period === 0
      ? 'fixed while training on a selection'
      : reading.last
        ? undefined
        : `no update yet, first at ${grouped(planned)}`;
  const data = {
    firings: firingsIn(state.history, index, state.block, span),
    period: level.period,
    kept: note ? 0 : (state.history.updates[0]?.position ?? 0),
    note,
  };
  const raster = rasterShapes(data, { span, width: TRACK, theme, color, heads: headsOf(state) });
  const { margin, left, width } = PICTURE;
  const number = { anchor: 'end', number: true };
  const shapes: Shape[] = [
    ...translate(levelMarkShapes(level.id, { theme, color }), margin, 5),
    text(margin + 16, 14, level.id, theme.foreground, { size: 13, bold: true }),
    ...translate([...raster.marks, ...raster.labels], left, 0),
    text(
      width - PICTURE.right + 66,
      14,
      scientific(reading.last ? reading.rho : Number.NaN),
      theme.foreground,
      number,
    ),
    text(width - margin, 14, driftText(reading), theme.foreground, number),
  ];
  if (level.period === 0) return shapes;
  const bar = pendingShapes({ pending: reading.pending, period: level.period }, { width: 64, theme, color });
  shapes.push(
    text(margin + 16, 32, `every ${grouped(level.period)} tokens`, theme.dim),
    ...translate(bar, left, 25),
    text(
      left + 72,
      32,
      `${grouped(tokensToGo(level.period, reading.pending))} tokens to go`,
      theme.foreground,
    ),
  );
  if (!Number.isNaN(reading.alpha)) {
    const gates = `α ${fixed(reading.alpha, 3)}  η ${fixed(reading.eta, 3)}`;
    shapes.push(text(width - margin, 32, gates, theme.foreground, number));
  }
  return shapes;
}

function legend(theme: Theme, height: number): Shape[] {
  const ticks = 'Tick height and strength: ρ = ‖ΔW‖ / ‖W‖ of one update, log scale 1e-5 to 1e-1.';
  return [
    text(PICTURE.margin, height - 28, ticks, theme.dim),
    text(PICTURE.margin, height - 12, 'Drift: ‖W − W₀‖ / ‖W₀‖ against the base checkpoint.', theme.dim),
  ];
}

/** A standalone SVG file: resolved colours, a background, and a description for screen readers. */
export function exportSvg(state: ViewState, theme: Theme): string {
  const { height, shapes } = picture(state, theme);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `0 0 ${PICTURE.width} ${height}`);
  svg.setAttribute('width', String(PICTURE.width));
  svg.setAttribute('height', String(height));
  svg.setAttribute('role', 'img');
  const group = document.createElementNS(svg.namespaceURI, 'g') as SVGGElement;
  paintSvg(group, shapes, theme);
  const title = document.createElementNS(svg.namespaceURI, 'title');
  title.textContent = `Levels. ${describeSurprise(summarise(state.history, timeWindow(state)))}`;
  svg.append(title, group);
  return new XMLSerializer().serializeToString(svg);
}

/** The same picture as PNG, two device pixels a px. @throws Error where the browser gives no canvas. */
export async function exportPng(state: ViewState, theme: Theme): Promise<Uint8Array> {
  const { height, shapes } = picture(state, theme);
  const canvas = document.createElement('canvas');
  canvas.width = PICTURE.width * 2;
  canvas.height = height * 2;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the browser gave no canvas for the PNG; export SVG instead');
  context.scale(2, 2);
  paintCanvas(context, shapes, theme);
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('the browser could not encode the PNG; export SVG instead');
  return new Uint8Array(await blob.arrayBuffer());
}
