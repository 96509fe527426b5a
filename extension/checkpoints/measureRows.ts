import { randomBytes } from 'node:crypto';
import type * as vscode from 'vscode';
import type { TensorMeasure } from '../../engine/protocol/index.ts';
import { MeasureProgressType, MeasureTensors } from '../../engine/protocol/inspectorRequests.ts';
import type { CheckpointState } from '../../engine/protocol/tensorMessages.ts';
import type { OpenedArchive } from './inspectors.ts';

type Measured = NonNullable<CheckpointState['measured']>;

/**
 * Measures tensors one after the other, and tells how far it is; what was known of others stays.
 * @param known of earlier measurements @param tell called with all that is known
 */
export async function measureRows(
  { process, id }: OpenedArchive,
  names: readonly string[],
  known: readonly TensorMeasure[],
  tell: (measured: Measured) => void,
  token: vscode.CancellationToken,
): Promise<void> {
  const progress = randomBytes(8).toString('hex');
  const rows = new Map(known.map(row => [row.name, row]));
  const add = (more: readonly TensorMeasure[], state: Omit<Measured, 'rows'>) => {
    for (const row of more) rows.set(row.name, row);
    tell({ ...state, rows: [...rows.values()] });
  };
  const total = names.length;
  add([], { phase: 'measuring', done: 0, total });
  const listening = process.onProgress(MeasureProgressType, progress, ({ rows: more, done }) =>
    add(more, { phase: 'measuring', done, total }),
  );
  try {
    const params = { id, names, token: progress };
    const result = await process.request(MeasureTensors, params, { token, timeout: 0 });
    add(result.rows, { phase: 'ready', done: total, total });
  } catch (error) {
    add([], { phase: 'ready', done: 0, total });
    throw error;
  } finally {
    listening.dispose();
  }
}
