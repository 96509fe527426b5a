import { METRICS, type Update } from '../../engine/protocol/index.ts';
import type { RunHistory } from '../state/runHistory.ts';

const COLUMNS = ['update_index', 'position', 'tokens', 'loss', 'block_index', 'level', 'period'] as const;

/** The names of the columns, a line. */
export const CSV_HEAD = `${[...COLUMNS, ...METRICS].join(',')}\n`;

/** One row a block and level of an update, at full precision; what is not known is empty. */
export function csvRows(
  { index, position, loss, surprise, metrics }: Update,
  { blocks, levels }: Pick<RunHistory, 'blocks' | 'levels'>,
): string {
  let at = 0;
  let rows = '';
  for (let block = 0; block < blocks; block++) {
    for (const { id, period } of levels) {
      const numbers = metrics.subarray(at, at + METRICS.length);
      const row = [index, position, surprise.length, loss, block, id, period, ...numbers];
      rows += `${row.map(cell => (Number.isNaN(cell) ? '' : cell)).join(',')}\n`;
      at += METRICS.length;
    }
  }
  return rows;
}

/** The updates kept of a run as CSV, piece by piece, as a run is long. */
export function* runCsv(run: RunHistory): Generator<string> {
  yield CSV_HEAD;
  for (const update of run.kept()) yield csvRows(update, run);
}

/** The same updates as JSON, each with the surprise of its tokens; `metrics` is [block][level][column]. */
export function* runJson(run: RunHistory): Generator<string> {
  const { id, title, blocks, levels, updates, result } = run;
  const head = { run: id, title, blocks, levels, updatesInRun: updates, metrics: METRICS, result };
  yield `${JSON.stringify(head, finite, 1).slice(0, -2)},\n "updates": [`;
  let separator = '\n';
  for (const { index, position, loss, surprise, metrics } of run.kept()) {
    const table = Array.from({ length: blocks }, (_, block) =>
      levels.map((_level, level) => {
        const at = (block * levels.length + level) * METRICS.length;
        return Array.from(metrics.subarray(at, at + METRICS.length));
      }),
    );
    const update = { index, position, loss, surprise: Array.from(surprise), metrics: table };
    yield `${separator}  ${JSON.stringify(update, finite)}`;
    separator = ',\n';
  }
  yield '\n ]\n}\n';
}

function finite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
