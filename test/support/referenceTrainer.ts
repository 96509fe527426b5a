import { type Generated, levelOf, type Nudge, type Reference } from './reference.ts';
import type { Vector } from './referenceMath.ts';
import { referenceStep } from './referenceOptimizers.ts';

/** Step of the central differences; their error is about h². */
const H = 1e-5;

/** What one tick of the reference did. */
export interface ReferenceTick {
  readonly losses: number[];
  readonly fired: readonly string[];
  /** What the memories generated, [block][token][head]. */
  readonly generated: readonly (readonly Generated[])[][];
  /** Mean over tokens and heads of ‖∇_y ℓ‖ of the projections' inner losses since their last write, a block. */
  readonly innerSurprise: readonly number[];
}

/** Online training of the reference: Eq. 71 with gradients by central differences, Eq. 90 token by token. */
export class ReferenceTrainer {
  /** Σ g of the open chunk of every CMS tensor. */
  readonly sums = new Map<string, Float64Array>();
  /** Tokens since each level's last update. */
  readonly pending = new Map<string, number>();
  /** What the optimizers of the levels remember, by tensor. */
  readonly memories = new Map<string, Record<string, Float64Array>>();
  private surprises: number[][];
  private readonly first: ReadonlyMap<string, Float64Array>;
  private readonly inputs = new Map<string, number[][]>();

  constructor(
    readonly model: Reference,
    private readonly rates: Readonly<Record<string, number>>,
  ) {
    for (const [name, w] of model.weights) {
      if (levelOf(name).startsWith('cms.')) this.sums.set(name, new Float64Array(w.length));
    }
    this.surprises = Array.from({ length: model.config.blocks }, () => []);
    this.first = new Map([...model.weights].map(([name, w]) => [name, w.slice()]));
  }

  /** Σ −log p(target) of a tick on the weights as they are, and what it would leave behind. */
  read(inputs: ArrayLike<number>, targets: ArrayLike<number>, nudge?: (token: number) => Nudge) {
    const before = this.model.windows;
    this.model.windows = [...before];
    const tokens = Array.from(inputs, (id, t) => this.model.readToken(id, nudge?.(t)));
    const losses = tokens.map(({ hidden }, t) => this.model.loss(hidden, targets[t]));
    const windows = this.model.windows;
    this.model.windows = before;
    return { losses, total: losses.reduce((a, b) => a + b, 0), windows, tokens };
  }

  /** ∂ total / ∂w of one tensor of the model. */
  gradient(name: string, inputs: ArrayLike<number>, targets: ArrayLike<number>): Float64Array {
    return differences(this.model.weights.get(name)!, () => this.read(inputs, targets).total);
  }

  /** ‖∇_y total‖ of every token at one output of a block. */
  surpriseAt(block: number, place: number, inputs: ArrayLike<number>, targets: ArrayLike<number>): number[] {
    return Array.from(inputs, (_, token) => {
      const by = new Float64Array(this.model.config.width);
      const nudge = (t: number): Nudge => {
        return (b, p) => (t === token && b === block && p === place ? Array.from(by) : undefined);
      };
      return Math.hypot(...differences(by, () => this.read(inputs, targets, nudge).total));
    });
  }

  /** One tick: reads it, adds its gradient to every chunk, writes every level whose chunk is full. */
  step(inputs: ArrayLike<number>, targets: ArrayLike<number>, flush = false): ReferenceTick {
    const { model } = this;
    model.onInput = (name, x) => this.inputs.set(name, [...(this.inputs.get(name) ?? []), [...x]]);
    const { losses, windows, tokens } = this.read(inputs, targets);
    model.onInput = undefined;
    for (const [name, sum] of this.sums) {
      this.gradient(name, inputs, targets).forEach((g, i) => {
        sum[i] += g;
      });
    }
    model.windows = windows;
    const generated: Generated[][][] = model.windows.map(() => []);
    for (const { memoryInputs } of tokens) {
      memoryInputs.forEach((x, block) => {
        generated[block].push(model.generate(block, x));
        for (const level of ['memory', 'projections'] as const) {
          if (this.rates[level] === 0) continue;
          const surprise = model.writeToken(block, x, level, this.rates[level]);
          if (level === 'projections') this.surprises[block].push(...surprise);
        }
      });
    }
    const innerSurprise = this.surprises.map(all => all.reduce((a, b) => a + b, 0) / all.length);
    const levels = this.levels();
    const full = levels.map(([level, period]) => {
      const pending = (this.pending.get(level) ?? 0) + tokens.length;
      this.pending.set(level, pending);
      return pending === period;
    });
    const fired = levels.filter(([level], i) => {
      if (!flush && !full[i]) return false;
      this.pending.set(level, 0);
      const restarts = model.config.cms.form === 'nested' && level.startsWith('cms.') && full[i + 1];
      this.write(level, restarts ?? false);
      return this.rates[level] !== 0;
    });
    return { losses, fired: fired.map(([level]) => level), generated, innerSurprise };
  }

  /** Forgets chunks that are still open. */
  drop(): void {
    this.model.openChunk('memory');
    this.model.openChunk('projections');
    for (const sum of this.sums.values()) sum.fill(0);
    this.pending.clear();
    this.surprises = this.surprises.map(() => []);
    this.model.windows = this.model.windows.map(() => []);
  }

  private levels(): [string, number][] {
    const { titans, cms } = this.model.config;
    const levels: [string, number][] = [['memory', titans.memory_period]];
    if (titans.adaptive?.length !== 0) levels.push(['projections', titans.projections_period]);
    return [...levels, ...cms.periods.map((period, k): [string, number] => [`cms.${k}`, period])];
  }

  /** @param restarts whether the context of a nested level ends, so that it begins again where it began */
  private write(level: string, restarts: boolean): void {
    if (level === 'memory' || level === 'projections') {
      this.model.closeChunk(level);
      if (level === 'projections') this.surprises = this.surprises.map(() => []);
      return;
    }
    const k = Number(level.slice('cms.'.length));
    const optimizer = this.model.config.cms.optimizers?.[k] ?? { kind: 'sgd' };
    for (const [name, error] of this.sums) {
      if (levelOf(name) !== level) continue;
      const weights = this.model.weights.get(name)!;
      const memory = this.memories.get(name) ?? {};
      this.memories.set(name, memory);
      const inputs = this.inputs.get(name);
      const read = this.inputs.get(levelAt(name));
      const columns = inputs?.[0].length ?? weights.length;
      const shape = inputs ? [weights.length / columns, columns] : [weights.length];
      if (restarts) weights.set(this.first.get(name)!);
      else referenceStep(optimizer, { weights, error, shape, rate: this.rates[level], memory, inputs, read });
      this.inputs.delete(name);
      error.fill(0);
    }
    for (const name of this.sums.keys()) if (levelOf(name) === level) this.inputs.delete(levelAt(name));
  }
}

/** `blocks.B.cms.K` of one of its tensors. */
function levelAt(name: string): string {
  return name.split('.').slice(0, 4).join('.');
}

/** Central differences of a function of `values`, which are put back. */
export function differences(values: Float64Array, of: () => number): Float64Array {
  return values.map((_, i) => difference(values, i, of));
}

/** The same for one of them. */
export function difference(values: Float64Array, i: number, of: () => number): number {
  const value = values[i];
  values[i] = value + H;
  const up = of();
  values[i] = value - H;
  const down = of();
  values[i] = value;
  return (up - down) / (2 * H);
}

/** Every pass a document: inputs and targets of the whole stream. */
export function streamOf(
  text: Vector,
  endOfText: number,
  epochs: number,
): { inputs: number[]; targets: number[] } {
  const pass = [endOfText, ...text.slice(0, -1)];
  const repeat = (ids: Vector) => Array.from({ length: epochs }, () => ids).flat();
  return { inputs: repeat(pass), targets: repeat(text) };
}
