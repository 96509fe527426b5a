import {
  METRICS,
  OVERVIEW_LEVEL_TRACKS,
  OVERVIEW_TRACKS,
  overviewLevelTrack,
  overviewTrack,
} from '../../engine/protocol/index.ts';
import { metricOf } from './runPieces.ts';
import type { ViewState } from './state.ts';
import { type Source, sourceOf } from './trackData.ts';

type Cell = string | number | null;

/** What the charts show: every update, block and level of the window, or every column of its overview. */
function table(source: Source): { columns: readonly string[]; rows: Generator<Cell[]> } {
  return source.updates
    ? {
        columns: ['update_index', 'position', 'tokens', 'loss', 'block_index', 'level', 'period', ...METRICS],
        rows: updateRows(source),
      }
    : {
        columns: [
          'from',
          'to',
          ...OVERVIEW_TRACKS,
          'block_index',
          'level',
          'period',
          ...OVERVIEW_LEVEL_TRACKS,
        ],
        rows: columnRows(source),
      };
}

function* updateRows({ run, updates = [] }: Source): Generator<Cell[]> {
  for (const update of updates) {
    const head = [update.index, update.position, update.surprise.length, known(update.loss)];
    for (let block = 0; block < run.blocks; block++) {
      for (const [level, { id, period }] of run.levels.entries()) {
        const numbers = METRICS.map(metric => known(metricOf(update, run, block, level, metric)));
        yield [...head, block, id, period, ...numbers];
      }
    }
  }
}

function* columnRows({ run, overview }: Source): Generator<Cell[]> {
  if (!overview) return;
  const step = (overview.to - overview.from) / overview.columns;
  const whole = OVERVIEW_TRACKS.map(track => overviewTrack(overview, track));
  for (let block = 0; block < run.blocks; block++) {
    for (const [level, { id, period }] of run.levels.entries()) {
      const tracks = OVERVIEW_LEVEL_TRACKS.map(track => overviewLevelTrack(overview, track, block, level));
      for (let i = 0; i < overview.columns; i++) {
        const place = [overview.from + i * step, overview.from + (i + 1) * step];
        yield [...place, ...whole.map(t => known(t[i])), block, id, period, ...tracks.map(t => known(t[i]))];
      }
    }
  }
}

const known = (n: number): number | null => (Number.isFinite(n) ? n : null);

/** Comma-separated values with a header, at full precision; what is not known is empty. */
export function exportCsv(state: ViewState): string {
  const source = sourceOf(state, 0);
  if (!source) return '\n';
  const { columns, rows } = table(source);
  const lines = [columns.join(',')];
  for (const row of rows) lines.push(row.map(cell => cell ?? '').join(','));
  return `${lines.join('\n')}\n`;
}

/** The same rows as objects, with what the panel shows beside them. */
export function exportJson(state: ViewState): string {
  const { host, window, updates, spectrum, parts, forgetting, interference } = state;
  const source = sourceOf(state, 0);
  const { columns, rows } = source ? table(source) : { columns: [], rows: [] };
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Float32Array
      ? Array.from(value, known)
      : typeof value === 'number'
        ? known(value)
        : value;
  return JSON.stringify(
    {
      run: host.run ?? null,
      window,
      playhead: updates,
      rows: Array.from(rows, row => Object.fromEntries(columns.map((name, i) => [name, row[i]]))),
      surprise:
        source?.updates?.map(({ index, position, surprise }) => ({
          update_index: index,
          position,
          nats: surprise,
        })) ?? null,
      spectrum: spectrum ?? null,
      write: parts ?? null,
      absorption: host.absorption ?? null,
      forgetting: forgetting ?? null,
      interference: interference ?? null,
    },
    plain,
    1,
  );
}
