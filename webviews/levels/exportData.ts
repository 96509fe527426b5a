import { METRICS, type Update } from '../../engine/protocol/index.ts';
import type { History } from './history.ts';
import type { ViewState } from './state.ts';

const HEAD = ['update_index', 'position', 'tokens', 'loss', 'block_index', 'level', 'period'] as const;

type Cell = string | number | null;

/** Every kept update × block × level, in the order of the columns. Indices count from 0; null is not recorded. */
function* rows({ history, host }: ViewState): Generator<Cell[]> {
  const { blocks, levels } = history;
  for (const update of history.updates) {
    for (let block = 0; block < blocks; block++) {
      for (let level = 0; level < levels; level++) {
        const info = host.model?.levels[level];
        const { index, position, loss, surprise } = update;
        const head = [index, position, surprise.length, known(loss), block, info?.id ?? `level ${level}`];
        yield [...head, info?.period ?? null, ...metrics(update, history, block, level)];
      }
    }
  }
}

function metrics({ metrics }: Update, { levels }: History, block: number, level: number): Cell[] {
  const start = (block * levels + level) * METRICS.length;
  return Array.from(metrics.subarray(start, start + METRICS.length), known);
}

const known = (n: number): number | null => (Number.isFinite(n) ? n : null);

/** Comma-separated values with a header, one row an update, block and level, at full precision. */
export function exportCsv(state: ViewState): string {
  const lines = [[...HEAD, ...METRICS].join(',')];
  for (const row of rows(state)) lines.push(row.map(field).join(','));
  return `${lines.join('\n')}\n`;
}

function field(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same rows as objects, with the surprise of every token. */
export function exportJson(state: ViewState): string {
  const { host, history } = state;
  const columns = [...HEAD, ...METRICS];
  return JSON.stringify(
    {
      run: host.run ?? null,
      model: host.model ?? null,
      totals: {
        updates: history.totals.updates,
        tokens: history.totals.tokens,
        updatesByLevel: history.totals.fired,
      },
      updates: Array.from(rows(state), row => Object.fromEntries(columns.map((name, i) => [name, row[i]]))),
      surprise: history.updates.map(({ index, position, surprise }) => ({
        update_index: index,
        position,
        nats: Array.from(surprise, known),
      })),
    },
    null,
    1,
  );
}
