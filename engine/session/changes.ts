import { METRIC_INDEX, METRICS } from '../protocol/metric.ts';
import type { ChangeRequest } from '../protocol/spectrum.ts';
import type { RunReader } from '../run/index.ts';
import { breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';

/** Updates looked through between two looks at what else is to be done. */
const BATCH = 256;

/** The nearest update in a direction at which a level fired; none where there is no further one. */
export async function findChange(
  reader: RunReader,
  { update, direction, level }: ChangeRequest,
  cancelled: () => boolean,
): Promise<{ update?: number }> {
  const ids: readonly string[] = reader.header.levels.map(({ id }) => id);
  if (!ids.includes(level)) {
    throw new EngineError(
      'bad-input',
      `The run has no level "${level}".`,
      `The levels are ${ids.join(', ')}.`,
    );
  }
  const total = reader.updatesCount;
  if (!Number.isSafeInteger(update) || update < 0 || update >= total) {
    throw new EngineError('bad-input', `The run has ${total} updates; there is no update ${update}.`);
  }
  const at = ids.indexOf(level) * METRICS.length + METRIC_INDEX.fired;
  const next = direction === 'next';
  let edge = next ? update + 1 : update;
  while (next ? edge < total : edge > 0) {
    const [from, to] = next ? [edge, Math.min(edge + BATCH, total)] : [Math.max(0, edge - BATCH), edge];
    const batch = [...reader.updates(from, to)];
    const fired = ({ metrics }: (typeof batch)[number]) => metrics[at] === 1;
    const found = next ? batch.find(fired) : batch.findLast(fired);
    if (found) return { update: found.index };
    edge = next ? to : from;
    await breathOrStop(cancelled, 'The search');
  }
  return {};
}
