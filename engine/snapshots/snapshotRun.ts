import { basename, resolve } from 'node:path';
import type { Archive } from '../archive/archive.ts';
import { type LevelMap, type LevelPatterns, levelMapOf } from '../archive/levelMap.ts';
import { openArchive } from '../archive/openArchive.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { type LevelId, METRIC_INDEX, METRICS } from '../protocol/index.ts';
import { type RunHeader, RunWriter } from '../run/index.ts';
import { changeKey, type LevelChange, levelChanges } from './levelChanges.ts';
import { snapshotsIn } from './snapshotFolder.ts';

export interface SnapshotOptions {
  readonly levels?: LevelPatterns;
  readonly engineVersion: string;
  readonly signal?: AbortSignal;
  /** Called after each pair of neighbours. */
  onProgress?(done: number, total: number): void;
}

/**
 * Writes a run file in which each snapshot of a folder but the first is an update: what it changed against its neighbour,
 * and how far it is from the first, by block and level. Its name stands as one token; losses, gates and states are not
 * known. A file that could not be finished is left as far as it came.
 * @returns names of the snapshots, in order
 * @throws CheckpointError for what is no folder of snapshots of one model, RunFileError for the target
 */
export async function writeSnapshotRun(
  folder: string,
  target: string,
  options: SnapshotOptions,
): Promise<string[]> {
  const { signal, onProgress } = options;
  const paths = await snapshotsIn(folder);
  const names = paths.map(path => basename(path));
  const first = await openArchive(paths[0]);
  let last = first;
  let writer: RunWriter | undefined;
  try {
    const places = levelMapOf(first, options.levels);
    const shape = shapeOf(first, places);
    if (shape.levels.length === 0) {
      throw new CheckpointError('has no tensor that belongs to a level', paths[0], 'See hopescope.levels.');
    }
    const row = new SnapshotRows(shape);
    for (const [i, path] of paths.entries()) {
      if (i === 0) continue;
      signal?.throwIfAborted();
      const next = await openArchive(path);
      try {
        const { changes, shared } = await levelChanges([last, next], places, signal);
        if (2 * shared < last.tensors.size) {
          const fault = `shares only ${shared} of ${last.tensors.size} tensors with ${names[i - 1]}`;
          throw new CheckpointError(fault, path, 'Remove it from the folder.');
        }
        const drifts = i === 1 ? changes : (await levelChanges([first, next], places, signal)).changes;
        // Begun when it is known that there is something to write.
        writer ??= begin(target, folder, shape, names, options.engineVersion);
        writer.append(row.update(i - 1, changes, drifts));
      } finally {
        if (last !== first) await last.close();
        last = next;
      }
      onProgress?.(i, paths.length - 1);
    }
    writer!.finish('finished');
    return names;
  } catch (error) {
    writer?.finish(signal?.aborted ? 'cancelled' : 'failed');
    throw error;
  } finally {
    writer?.close();
    if (last !== first) await last.close();
    await first.close();
  }
}

/** Levels, and blocks; what lies outside of all blocks is one more, the last. */
interface Shape {
  readonly levels: readonly LevelId[];
  readonly blocks: readonly number[];
}

function shapeOf({ tensors }: Archive, places: LevelMap): Shape {
  const known = Array.from(tensors.keys(), name => places.place(name)).filter(
    ({ level }) => level !== undefined,
  );
  const last = Math.max(-1, ...known.map(({ block }) => block));
  const blocks = Array.from({ length: last + 1 }, (_, block) => block);
  if (known.some(({ block }) => block < 0)) blocks.push(-1);
  return { levels: places.levels.map(({ id }) => id as LevelId), blocks };
}

/** Makes updates of changes. */
class SnapshotRows {
  readonly #shape: Shape;
  /** Snapshots since a level changed, by `block level`. */
  readonly #pending = new Map<string, number>();

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  update(index: number, changes: ReadonlyMap<string, LevelChange>, drifts: ReadonlyMap<string, LevelChange>) {
    const keys = this.#shape.blocks.flatMap(block =>
      this.#shape.levels.map(level => changeKey(block, level)),
    );
    const metrics = new Float32Array(keys.length * METRICS.length).fill(Number.NaN);
    keys.forEach((key, i) => {
      const change = changes.get(key);
      const drift = drifts.get(key);
      const fired = change !== undefined && change.delta > 0;
      const pending = fired ? 0 : (this.#pending.get(key) ?? 0) + 1;
      this.#pending.set(key, pending);
      const set = (metric: keyof typeof METRIC_INDEX, value: number) => {
        metrics[i * METRICS.length + METRIC_INDEX[metric]] = value;
      };
      set('fired', fired ? 1 : 0);
      set('deltaNorm', fired ? change.delta : 0);
      set('pending', pending);
      if (change) set('weightNorm', change.after);
      if (drift && drift.before > 0) set('drift', drift.delta / drift.before);
    });
    return { index, position: index, loss: Number.NaN, surprise: Float32Array.of(Number.NaN), metrics };
  }
}

function begin(
  target: string,
  folder: string,
  { levels, blocks }: Shape,
  names: readonly string[],
  engineVersion: string,
): RunWriter {
  const header: RunHeader = {
    runId: basename(target, '.hoperun'),
    title: `Snapshots in ${basename(resolve(folder))}`,
    modelName: basename(resolve(folder)),
    // No model is said to be the one that made them.
    ...{ modelHash: '', tokenizerHash: '' },
    ...{ engineVersion, backend: 'none' },
    createdAt: new Date().toISOString(),
    options: { epochs: 1, learningRates: {}, partialChunk: 'flush', telemetry: true },
    levels: levels.map(id => ({ id, period: 1 })),
    blocks: blocks.length,
    metrics: METRICS,
    ...{ firstTick: 0, probeInterval: 0, storageBudget: 0 },
  };
  const writer = RunWriter.create(target, header);
  const texts = names.slice(1).map(name => `${name} `);
  const starts = new Uint32Array(texts.length);
  const ends = new Uint32Array(texts.length);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    starts[i] = at;
    at += text.length;
    ends[i] = at;
  }
  writer.appendTokens(0, new Int32Array(texts.length), starts, ends, texts);
  return writer;
}
