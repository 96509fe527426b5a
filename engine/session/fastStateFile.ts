import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { levelsOf } from '../checkpoint/config.ts';
import { encodeSafetensors, type NamedTensor, parseSafetensors } from '../checkpoint/safetensors.ts';
import { hasMemories } from '../checkpoint/systems.ts';
import { unchangedIn } from '../checkpoint/unchanged.ts';
import type { FastState } from '../model/fastState.ts';
import { windowOf } from '../model/languageModel.ts';
import { mixerOf } from '../model/mixer/index.ts';
import type { Generated } from '../model/selfModifyingTitans.ts';
import { readAll, viewAll } from '../tensor/readBack.ts';
import { tf } from '../tensor/tf.ts';
import { optimizerSlots } from './optimizerSlots.ts';

/**
 * A fast state as a safetensors file: `fast.<name>` holds every weight that training may change, whole, so that
 * reading it back gives the same bits; `sum.<name>`, `open.<block>.…` and `tail.<block>` hold the chunks that are
 * still open, `optimizer.<name>.<memory>` what the levels' optimizers remember, `mixer.<block>.…` what attention and
 * recurrences look back on. Metadata names the base checkpoint it belongs to.
 *
 * Weights are whole because W₀ + (W − W₀) is not W in float32. In version 2 those that are the base's, bit for bit, are
 * left out, and `unchanged` in the metadata is the list of their names.
 */
export const FAST_STATE_FORMAT = 'hopescope-fast-state';

/** A tensor of a fast state that its file holds. */
interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  read(): tf.Tensor;
  /** Takes ownership of the tensor. */
  write(tensor: tf.Tensor): void;
}

/** The state as it is when this is called, every weight of it. @param room as of `encodeSafetensors` */
export async function encodeFastState(
  state: FastState,
  modelHash: string,
  room?: (length: number) => Uint8Array,
): Promise<Uint8Array> {
  const { slots, metadata } = contentsOf(state, modelHash);
  const tensors = slots.map(({ read }) => read());
  // A copy of megabytes that is made to be copied costs more than all the rest of a keyframe.
  const values = viewAll(tensors) ?? (await readAll(tensors));
  return encodeSafetensors(
    slots.map(({ name, shape }, i) => ({ name, shape, data: values[i] })),
    metadata,
    room,
  );
}

/** The state as it is when this is called, as a file for others: weights that are the base's are left out. */
export async function encodeChangedState(state: FastState, modelHash: string): Promise<Uint8Array> {
  const { slots, metadata } = contentsOf(state, modelHash);
  const bases = state.specs.map(({ name }) => state.base.tensors.get(name)!);
  const values = await readAll([...slots.map(({ read }) => read()), ...bases]);
  const places = new Map(state.specs.map(({ name }, i) => [`fast.${name}`, slots.length + i]));
  const entries = slots.map(({ name, shape }, i) => ({ name, shape, data: values[i] }));
  const isBase = ({ name, data }: (typeof entries)[number]) =>
    places.has(name) && sameBits(data, values[places.get(name)!]);
  const left = entries.filter(isBase).map(({ name }) => name.slice('fast.'.length));
  if (left.length === 0) return encodeSafetensors(entries, metadata);
  return encodeSafetensors(
    entries.filter(entry => !isBase(entry)),
    { ...metadata, version: '2', unchanged: JSON.stringify(left) },
  );
}

function contentsOf(
  state: FastState,
  modelHash: string,
): { slots: Slot[]; metadata: Record<string, string> } {
  const metadata = {
    format: FAST_STATE_FORMAT,
    version: '1',
    model: modelHash,
    updates: String(state.updates),
    pending: JSON.stringify(Object.fromEntries(state.pending)),
    since_start: JSON.stringify(Array.from(state.sinceStart)),
  };
  const slots = slotsOf(state, state.pending, name => state.optimizer.has(name), mixerShapes(state));
  return { slots, metadata };
}

/**
 * Puts a fast state in place of the current one. @throws CheckpointError when the file is damaged, is something
 * else or belongs to another base checkpoint; the current state is then unchanged.
 */
export function decodeFastState(bytes: Uint8Array, state: FastState, modelHash: string, path: string): void {
  const { tensors, metadata } = parseSafetensors(bytes, path);
  if (metadata.format !== FAST_STATE_FORMAT) throw new CheckpointError('this is no fast state', path);
  if (metadata.version !== '1' && metadata.version !== '2') {
    const remedy = 'Use the version of Hopescope that wrote it.';
    throw new CheckpointError(`fast state of version ${metadata.version} cannot be read`, path, remedy);
  }
  if (metadata.model !== modelHash) {
    const remedy = 'Load the model that it was trained from first.';
    const written = /^[0-9a-f]{64}$/.test(metadata.model ?? '')
      ? metadata.model
      : 'that the file does not say';
    const fault = `its base has SHA-256 ${written}, the loaded one ${modelHash}`;
    throw new CheckpointError(`the fast state belongs to another model: ${fault}`, path, remedy);
  }
  const { pending, sinceStart, updates } = readCounters(metadata, state, path);
  const has = (name: string) => tensors.has(`optimizer.${name}`);
  const unchanged = new Set(readUnchanged(metadata, state, path));
  const left = (slot: Slot) => unchanged.has(slot.name) && !tensors.has(slot.name);
  const slots = slotsOf(state, pending, has, mixerShapes(state, tensors));
  for (const slot of slots) if (!left(slot)) checkEntry(tensors.get(slot.name), slot, path);
  state.dropOpenChunks();
  state.forgetOptimizers();
  for (const [level, tokens] of pending) state.pending.set(level, tokens);
  state.sinceStart = sinceStart;
  state.updates = updates;
  for (const slot of slots) {
    if (left(slot)) slot.write(state.base.tensors.get(slot.name.slice('fast.'.length))!.clone());
    else slot.write(tf.tensor(tensors.get(slot.name)!.data, [...slot.shape]));
  }
}

/** Names of slots whose weights are the base's. */
function readUnchanged({ unchanged }: Record<string, string>, state: FastState, path: string): string[] {
  if (unchanged === undefined) return [];
  const names = unchangedIn(unchanged);
  const known = new Set(state.specs.map(({ name }) => name));
  const wrong = names?.find(name => !known.has(name));
  if (names && wrong === undefined) return names.map(name => `fast.${name}`);
  const fault = wrong === undefined ? 'is no list of names' : `names ${JSON.stringify(wrong)}`;
  throw new CheckpointError(`its list of unchanged weights ${fault}`, path);
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return bytes(a).equals(bytes(b));
}

/**
 * What the file of a state holds whose levels have read `pending` tokens since their last update.
 * @param remembered whether a memory of an optimizer is there @param mixers shapes by the name of a block's state
 */
function slotsOf(
  state: FastState,
  pending: ReadonlyMap<string, number>,
  remembered: (name: string) => boolean,
  mixers: ReadonlyMap<string, readonly number[]>,
): Slot[] {
  const { heads, width, convolution } = state.base.config;
  const weights = state.specs.map(({ name, shape }): Slot => {
    const read = () => state.tensors.get(name)!;
    return { name: `fast.${name}`, shape, read, write: tensor => state.set(name, tensor) };
  });
  const summed = state.specs.filter(({ name, level }) => state.sums.has(name) && pending.get(level));
  const sums = summed.map(({ name, shape }): Slot => {
    const read = () => state.sums.get(name)!;
    return { name: `sum.${name}`, shape, read, write: tensor => state.setSum(name, tensor) };
  });
  const chunks = state.open.flatMap((_, block): Slot[] => [
    ...(['projections', 'memory'] as const).flatMap(level => {
      const tokens = pending.get(level);
      if (!tokens) return [];
      const parts = Object.keys(state.open[block][level]) as (keyof Generated)[];
      return parts.map((part): Slot => {
        const gate = part === 'eta' || part === 'logAlpha';
        const shape = gate ? [heads, tokens] : [heads, tokens, width / heads];
        const read = () => state.open[block][level][part]!;
        const write = (tensor: tf.Tensor) => {
          read().dispose();
          state.open[block][level] = { ...state.open[block][level], [part]: tensor };
        };
        return { name: `open.${block}.${level}.${part}`, shape, read, write };
      });
    }),
    ...Object.keys(state.open[block].mixer).map((name): Slot => {
      const at = `mixer.${block}.${name}`;
      const read = () => state.open[block].mixer[name];
      const write = (tensor: tf.Tensor) => {
        read().dispose();
        state.open[block].mixer = { ...state.open[block].mixer, [name]: tensor as tf.Tensor3D };
      };
      return { name: at, shape: mixers.get(at) ?? read().shape, read, write };
    }),
    {
      name: `tail.${block}`,
      shape: [1, convolution - 1, width],
      read: () => state.open[block].tail,
      write: tensor => {
        state.open[block].tail.dispose();
        state.open[block].tail = tensor as tf.Tensor3D;
      },
    },
  ]);
  const memories = optimizerSlots(state).filter(({ name }) => remembered(name));
  const optimizer = memories.map(({ name, shape }): Slot => {
    const read = () => state.optimizer.get(name)!;
    return { name: `optimizer.${name}`, shape, read, write: tensor => state.setOptimizer(name, tensor) };
  });
  // Without a convolution there is no window.
  return [...weights, ...sums, ...optimizer, ...chunks].filter(({ shape }) => !shape.includes(0));
}

/**
 * Shapes of what the blocks look back on, as the state has it or as a file says; attention's has as many tokens as it
 * has read, up to its window, and any other count is refused by the shape that the state has.
 */
function mixerShapes(
  state: FastState,
  tensors?: ReadonlyMap<string, NamedTensor>,
): Map<string, readonly number[]> {
  const { config } = state.base;
  const fixed = hasMemories(config) || mixerOf(config).carries;
  const window = windowOf(config);
  return new Map(
    state.open.flatMap(({ mixer }, block) =>
      Object.entries(mixer).map(([name, { shape }]) => {
        const at = `mixer.${block}.${name}`;
        if (!tensors || fixed) return [at, shape] as const;
        const tokens = tensors.get(at)?.shape[1] ?? 0;
        return [at, [shape[0], Math.min(tokens, window - 1), shape[2]]] as const;
      }),
    ),
  );
}

function checkEntry(entry: NamedTensor | undefined, { name, shape }: Slot, path: string): void {
  if (!entry) throw new CheckpointError(`tensor ${name} is missing`, path);
  if (entry.shape.join() !== shape.join()) {
    throw new CheckpointError(`tensor ${name} has shape [${entry.shape}], the state wants [${shape}]`, path);
  }
  if (!allFinite(entry.data)) {
    throw new CheckpointError(`tensor ${name} holds values that are not finite`, path);
  }
}

/** Zero times a value is 0 unless it is not finite. Four sums, so that no addition waits for the one before. */
function allFinite(values: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += 0 * values[i];
    b += 0 * values[i + 1];
    c += 0 * values[i + 2];
    d += 0 * values[i + 3];
  }
  for (let i = whole; i < values.length; i++) a += 0 * values[i];
  return a + b + c + d === 0;
}

function readCounters(
  metadata: Readonly<Record<string, string>>,
  state: FastState,
  path: string,
): { pending: Map<string, number>; sinceStart: Int32Array; updates: number } {
  const periods = new Map<string, number>(levelsOf(state.base.config).map(({ id, period }) => [id, period]));
  try {
    const pending = new Map(Object.entries(JSON.parse(metadata.pending) as Record<string, unknown>));
    for (const [level, tokens] of pending) {
      if (!isCount(tokens) || tokens >= (periods.get(level) ?? 0)) {
        throw new Error(`${level} cannot have read ${JSON.stringify(tokens)} tokens`);
      }
    }
    const sinceStart: unknown = JSON.parse(metadata.since_start);
    const counts =
      Array.isArray(sinceStart) && sinceStart.every(isDistance) ? Int32Array.from(sinceStart) : [];
    if (counts.length !== state.sinceStart.length) throw new Error('the start of the document is not known');
    const updates = Number(metadata.updates);
    if (!isCount(updates)) throw new Error('the number of updates is no whole number');
    return {
      pending: pending as Map<string, number>,
      sinceStart: Int32Array.from(counts),
      updates,
    };
  } catch (error) {
    throw new CheckpointError(`its counters cannot be read (${(error as Error).message})`, path);
  }
}

/** −1 before the first token of a model that counts positions from 0. */
function isDistance(value: unknown): value is number {
  return isCount(value) || value === -1;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
