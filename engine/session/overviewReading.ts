import type { RunOverview } from '../protocol/runOverview.ts';
import { OverviewColumns, type RunReader, STRETCH } from '../run/index.ts';
import { breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';
import { wholeNumber } from './runReading.ts';

const MOST_COLUMNS = 16_384;
/** Rows condensed between two looks at what else is to be done. */
const BATCH = 512;
/** From so many stretches a column on, they are read instead of their updates: none is then half a column off. */
const STRETCHES_A_COLUMN = 2;

/**
 * The positions `from` to `to` condensed to columns. Of a long run the stretches are read that its file keeps
 * condensed; updates may then be drawn up to half a stretch from their place.
 * @param from first position @param to position after the last
 */
export async function readOverview(
  reader: RunReader,
  { from, to, columns }: { from: number; to: number; columns: number },
  cancelled: () => boolean,
): Promise<RunOverview> {
  if (!(Number.isFinite(from) && Number.isFinite(to) && from < to)) {
    throw new EngineError('bad-input', `An overview cannot go from position ${from} to ${to}.`);
  }
  if (!(wholeNumber('columns', columns) > 0 && columns <= MOST_COLUMNS)) {
    throw new EngineError('bad-input', `An overview has 1 to ${MOST_COLUMNS} columns, not ${columns}.`);
  }
  const { runId, blocks, levels } = reader.header;
  const condensed = new OverviewColumns(from, to, columns, blocks, levels.length);
  const total = reader.updatesCount;
  if (total === 0) return condensed.finish(runId);
  // All updates but a run's last are of one length.
  const { position, surprise } = reader.update(0);
  const index = (at: number) => Math.floor((at - position) / surprise.length);
  const first = Math.max(0, index(from));
  const end = Math.min(total, Math.max(0, index(to - 1) + 1));
  const step = (end - first) / columns < STRETCHES_A_COLUMN * STRETCH ? 1 : STRETCH;
  const [head, tail] = step === 1 ? [end, end] : [up(first), Math.max(up(first), down(end))];
  const add = (a: number, b: number) => addUpdates(reader, condensed, a, b, cancelled);
  await add(first, head);
  for (let at = head / STRETCH; at < tail / STRETCH; at += BATCH) {
    const rows = reader.stretches(at, Math.min(at + BATCH, tail / STRETCH));
    for (const [i, row] of rows.entries()) {
      const start = (at + i) * STRETCH;
      const middle = position + (start + STRETCH / 2) * surprise.length;
      if (row) condensed.addCondensed(middle, row, STRETCH, surprise.length);
      else await add(start, start + STRETCH);
    }
    await breathOrStop(cancelled, 'The overview');
  }
  await add(tail, end);
  return condensed.finish(runId);
}

async function addUpdates(
  reader: RunReader,
  condensed: OverviewColumns,
  from: number,
  to: number,
  cancelled: () => boolean,
): Promise<void> {
  for (let at = from; at < to; at += BATCH) {
    for (const update of reader.updates(at, Math.min(at + BATCH, to))) condensed.add(update);
    await breathOrStop(cancelled, 'The overview');
  }
}

function up(index: number): number {
  return Math.ceil(index / STRETCH) * STRETCH;
}

function down(index: number): number {
  return Math.floor(index / STRETCH) * STRETCH;
}
