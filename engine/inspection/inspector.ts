import type { Archive } from '../archive/archive.ts';
import { describeArchive } from '../archive/describeArchive.ts';
import { type LevelMap, type LevelPatterns, levelMapOf } from '../archive/levelMap.ts';
import { openArchive } from '../archive/openArchive.ts';
import type { ArchiveInfo } from '../protocol/archive.ts';
import type { TensorChangeRow, TensorMeasure } from '../protocol/inspection.ts';
import type {
  CompareProgress,
  CompareResult,
  SpectrumView,
  TensorRequest,
  TensorView,
} from '../protocol/inspectorRequests.ts';
import { checkBase, compareTensors, worstFirst } from './compare.ts';
import { measureTensors } from './measure.ts';
import { pairTensors, type TensorPair } from './pairs.ts';
import { type Source, spectrumView, tensorView } from './tensorView.ts';

interface Open {
  readonly archive: Archive;
  readonly map: LevelMap;
  /** By the other checkpoint. */
  readonly pairs: Map<number, Promise<{ pairs: TensorPair[] } & Pick<CompareResult, 'unmatched'>>>;
}

const tellEvery = 100;
const mostCells = 1024;

/** Checkpoints that are open, by number. What is asked of one that is closed is refused. */
export class Inspector {
  readonly #open = new Map<number, Open>();
  #next = 1;

  /** @throws CheckpointError */
  async open(path: string, patterns: LevelPatterns): Promise<{ id: number; info: ArchiveInfo }> {
    const archive = await openArchive(path);
    try {
      const info = describeArchive(archive, patterns);
      const id = this.#next++;
      this.#open.set(id, { archive, map: levelMapOf(archive, patterns), pairs: new Map() });
      return { id, info };
    } catch (error) {
      await archive.close();
      throw error;
    }
  }

  async close(id: number): Promise<void> {
    const open = this.#open.get(id);
    this.#open.delete(id);
    for (const other of this.#open.values()) other.pairs.delete(id);
    await open?.archive.close();
  }

  async view(
    { id, name, other, base, choice }: TensorRequest,
    { whole, down, across }: { whole: boolean; down: number; across: number },
    signal: AbortSignal,
  ): Promise<TensorView> {
    const source = this.#source(id, name);
    const second = other === undefined ? undefined : await this.#partner(id, name, other, base);
    const cells = (count: number) => Math.max(1, Math.min(mostCells, Math.floor(count) || 1));
    return tensorView(source, second, {
      choice,
      base,
      whole,
      down: cells(down),
      across: cells(across),
      signal,
    });
  }

  async spectrum(
    { id, name, other, base, choice }: TensorRequest,
    signal: AbortSignal,
  ): Promise<SpectrumView> {
    const second = other === undefined ? undefined : await this.#partner(id, name, other, base);
    return spectrumView(this.#source(id, name), second, { choice, base, signal });
  }

  /** Every pair of tensors; `tell` gets the rows as they come. @param base whether the other one is that before */
  async compare(
    id: number,
    otherId: number,
    tell: (progress: CompareProgress) => void,
    signal: AbortSignal,
    base = false,
  ): Promise<CompareResult> {
    const [first, second] = base ? [otherId, id] : [id, otherId];
    const [before, after] = [this.#at(first), this.#at(second)];
    await checkBase(before.archive, after.archive);
    const { pairs, unmatched } = await this.#pairsOf(first, second);
    const rows: TensorChangeRow[] = [];
    let untold: TensorChangeRow[] = [];
    let told = performance.now();
    for await (const found of compareTensors([before.archive, after.archive], pairs, before.map, {
      signal,
    })) {
      const row = base ? turned(found) : found;
      rows.push(row);
      untold.push(row);
      if (performance.now() - told < tellEvery) continue;
      told = performance.now();
      tell({ rows: untold, done: rows.length, total: pairs.length });
      untold = [];
    }
    const { missing, added, reshaped } = unmatched;
    const here = base ? { missing: added, added: missing, reshaped } : unmatched;
    return { rows: worstFirst(rows), unmatched: here };
  }

  /** Norms of some tensors; `tell` gets the rows as they come. @returns those that it did not get */
  async measure(
    id: number,
    names: readonly string[],
    tell: (rows: readonly TensorMeasure[], done: number) => void,
    signal: AbortSignal,
  ): Promise<{ rows: readonly TensorMeasure[] }> {
    const tensors = names.map(name => this.#source(id, name).tensor);
    let untold: TensorMeasure[] = [];
    let done = 0;
    let told = performance.now();
    for await (const row of measureTensors(this.#at(id).archive, tensors, signal)) {
      untold.push(row);
      done++;
      if (performance.now() - told < tellEvery) continue;
      told = performance.now();
      tell(untold, done);
      untold = [];
    }
    return { rows: untold };
  }

  #at(id: number): Open {
    const open = this.#open.get(id);
    if (!open) throw new RangeError('this checkpoint is no longer open');
    return open;
  }

  #source(id: number, name: string): Source {
    const { archive } = this.#at(id);
    const tensor = archive.tensors.get(name);
    if (!tensor) throw new RangeError(`there is no tensor ${JSON.stringify(name)}`);
    return { archive, tensor };
  }

  #pairsOf(id: number, otherId: number) {
    const open = this.#at(id);
    const pairs = open.pairs.get(otherId) ?? pairTensors(open.archive, this.#at(otherId).archive);
    open.pairs.set(otherId, pairs);
    return pairs;
  }

  /** The same tensor in the other checkpoint; undefined where it has none. */
  async #partner(id: number, name: string, otherId: number, base = false): Promise<Source | undefined> {
    const { pairs } = await (base ? this.#pairsOf(otherId, id) : this.#pairsOf(id, otherId));
    const pair = pairs.find(({ before, after }) => (base ? after : before).name === name);
    return pair && { archive: this.#at(otherId).archive, tensor: base ? pair.before : pair.after };
  }
}

/** A row under the name that the tensor has in the checkpoint after. */
function turned({ name, otherName, ...row }: TensorChangeRow): TensorChangeRow {
  return { ...row, name: otherName ?? name, ...(otherName === undefined ? {} : { otherName: name }) };
}
