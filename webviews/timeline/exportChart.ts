import type { ChartExport, ChartFormat } from '../../engine/protocol/index.ts';
import { paintCanvas } from '../charts/shapes.ts';
import { type Picture, svgText } from '../charts/svgText.ts';
import type { Theme } from '../charts/theme.ts';
import { describeCell, describeTrack } from './describe.ts';
import { exportCsv, exportJson } from './exportData.ts';
import { ALL_PARTS, tracksPicture } from './picture.ts';
import type { ViewState } from './state.ts';

/** The visible stretch as it stands, in one of the formats. @throws Error on a format that does not exist. */
export async function exportChart(format: ChartFormat, state: ViewState, theme: Theme): Promise<ChartExport> {
  switch (format) {
    case 'svg': {
      const title = `Timeline. ${describeTrack(state, { kind: 'surprise' })} ${describeCell(state)}`;
      return { format, text: svgText(tracksPicture(state, theme, ALL_PARTS), theme, title) };
    }
    case 'png':
      return { format, bytes: await png(tracksPicture(state, theme, ALL_PARTS), theme) };
    case 'csv':
      return { format, text: exportCsv(state) };
    case 'json':
      return { format, text: exportJson(state) };
    default:
      throw new Error(`cannot export ${String(format satisfies never)}; choose svg, png, csv or json`);
  }
}

/** Two device pixels a px. @throws Error where the browser gives no canvas. */
async function png({ width, height, shapes }: Picture, theme: Theme): Promise<Uint8Array> {
  const canvas = document.createElement('canvas');
  canvas.width = width * 2;
  canvas.height = height * 2;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the browser gave no canvas for the PNG; export SVG instead');
  context.scale(2, 2);
  const background = { kind: 'rect', x: 0, y: 0, width, height, fill: theme.background } as const;
  paintCanvas(context, [background, ...shapes], theme);
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('the browser could not encode the PNG; export SVG instead');
  return new Uint8Array(await blob.arrayBuffer());
}
