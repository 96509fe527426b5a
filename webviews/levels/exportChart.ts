import type { ChartExport, ChartFormat } from '../../engine/protocol/index.ts';
import type { Theme } from '../charts/theme.ts';
import { exportCsv, exportJson } from './exportData.ts';
import { exportPng, exportSvg } from './exportPicture.ts';
import type { ViewState } from './state.ts';

/** The view as it stands, in one of the formats. @throws Error on a format that does not exist. */
export async function exportChart(format: ChartFormat, state: ViewState, theme: Theme): Promise<ChartExport> {
  switch (format) {
    case 'svg':
      return { format, text: exportSvg(state, theme) };
    case 'png':
      return { format, bytes: await exportPng(state, theme) };
    case 'csv':
      return { format, text: exportCsv(state) };
    case 'json':
      return { format, text: exportJson(state) };
    default:
      throw new Error(`cannot export ${String(format satisfies never)}; choose svg, png, csv or json`);
  }
}
