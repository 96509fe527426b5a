import type { ChartExport, ChartFormat } from '../../engine/protocol/index.ts';
import { pngBytes } from '../charts/pngBytes.ts';
import { svgText } from '../charts/svgText.ts';
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
      return { format, bytes: await pngBytes(tracksPicture(state, theme, ALL_PARTS), theme) };
    case 'csv':
      return { format, text: exportCsv(state) };
    case 'json':
      return { format, text: exportJson(state) };
    default:
      throw new Error(`cannot export ${String(format satisfies never)}; choose svg, png, csv or json`);
  }
}
