import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { encodeSafetensors, type NamedTensor, parseSafetensors } from '../checkpoint/safetensors.ts';
import type { FastState } from '../model/fastState.ts';
import type { Generated } from '../model/selfModifyingTitans.ts';
import { tf } from '../tensor/tf.ts';

/**
 * A fast state as a safetensors file: `fast.<name>` holds every weight that training may change, whole, so that
 * reading it back gives the same bits; `sum.<name>`, `open.<block>.…` and `tail.<block>` hold the chunks that are
 * still open. Metadata names the base checkpoint it belongs to.
 */
type Entry = Pick<NamedTensor, 'name' | 'shape' | 'data'>;
export const FAST_STATE_FORMAT = 'hopescope-fast-state';
const PARTS = ['k', 'v', 'eta', 'logAlpha'] as const;

export function encodeFastState(state: FastState, modelHash: string): Uint8Array {
  const entries: Entry[] = [];
  const add = (name: string, tensor: tf.Tensor) => {
    if (tensor.size === 0) return;
    entries.push({ name, shape: tensor.shape, data: tensor.dataSync().slice() as Float32Array });
  };
  for (const [name, tensor] of state.tensors) add(`fast.${name}`, tensor);
  for (const { name, level } of state.specs) {
    if (state.sums.has(name) && state.pending.get(level)) add(`sum.${name}`, state.sums.get(name)!);
  }
  state.open.forEach((block, i) => {
    for (const level of ['projections', 'memory'] as const) {
      for (const part of PARTS) add(`open.${i}.${level}.${part}`, block[level][part]);
    }
    add(`tail.${i}`, block.tail);
  });
  return encodeSafetensors(entries, {
    format: FAST_STATE_FORMAT,
    version: '1',
    model: modelHash,
    updates: String(state.updates),
    pending: JSON.stringify(Object.fromEntries(state.pending)),
    since_start: JSON.stringify(Array.from(state.sinceStart)),
  });
}

/**
 * Puts a fast state in place of the current one. @throws CheckpointError when the file is damaged, is something
 * else or belongs to another base checkpoint; the current state is then unchanged.
 */
export function decodeFastState(bytes: Uint8Array, state: FastState, modelHash: string, path: string): void {
  const { tensors, metadata } = parseSafetensors(bytes, path);
  if (metadata.format !== FAST_STATE_FORMAT) throw new CheckpointError('this is no fast state', path);
  if (metadata.version !== '1') {
    const remedy = 'Use the version of Hopescope that wrote it.';
    throw new CheckpointError(`fast state of version ${metadata.version} cannot be read`, path, remedy);
  }
  if (metadata.model !== modelHash) {
    const remedy = 'Load the model that it was trained from first.';
    throw new CheckpointError('the fast state belongs to another model', path, remedy);
  }
  for (const { name, shape } of state.specs)
    checkEntry(tensors.get(`fast.${name}`), `fast.${name}`, shape, path);
  const { pending, sinceStart, updates } = readCounters(metadata, path);
  state.dropOpenChunks();
  for (const [name, value] of pending) state.pending.set(name, value);
  state.sinceStart = Int32Array.from(sinceStart);
  state.updates = updates;
  const take = (name: string) => {
    const entry = tensors.get(name);
    return entry && tf.tensor(entry.data, [...entry.shape]);
  };
  for (const { name } of state.specs) {
    state.set(name, take(`fast.${name}`)!);
    const sum = take(`sum.${name}`);
    if (sum) state.setSum(name, sum);
  }
  state.open.forEach((block, i) => {
    for (const level of ['projections', 'memory'] as const) {
      if (!tensors.has(`open.${i}.${level}.k`)) continue;
      tf.dispose({ ...block[level] });
      const parts = PARTS.map(part => [part, take(`open.${i}.${level}.${part}`)] as const);
      block[level] = Object.fromEntries(parts) as unknown as Generated;
    }
    const tail = take(`tail.${i}`) as tf.Tensor3D | undefined;
    if (tail) {
      block.tail.dispose();
      block.tail = tail;
    }
  });
}

function checkEntry(
  entry: NamedTensor | undefined,
  name: string,
  shape: readonly number[],
  path: string,
): void {
  if (!entry) throw new CheckpointError(`tensor ${name} is missing`, path);
  if (entry.shape.join() !== shape.join()) {
    throw new CheckpointError(`tensor ${name} has shape [${entry.shape}], the model wants [${shape}]`, path);
  }
  if (!entry.data.every(Number.isFinite)) {
    throw new CheckpointError(`tensor ${name} holds values that are not finite`, path);
  }
}

function readCounters(
  metadata: Readonly<Record<string, string>>,
  path: string,
): { pending: [string, number][]; sinceStart: number[]; updates: number } {
  try {
    const pending = Object.entries(JSON.parse(metadata.pending) as Record<string, number>);
    const sinceStart = JSON.parse(metadata.since_start) as number[];
    const updates = Number(metadata.updates);
    const counts = [...pending.map(([, value]) => value), ...sinceStart, updates];
    if (!Array.isArray(sinceStart) || !counts.every(value => Number.isSafeInteger(value) && value >= 0)) {
      throw new Error('a count is no whole number');
    }
    return { pending, sinceStart, updates };
  } catch (error) {
    throw new CheckpointError(`its counters cannot be read (${(error as Error).message})`, path);
  }
}
