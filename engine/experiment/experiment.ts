import type { BackendName } from '../protocol/backend.ts';
import type { Workers } from '../train/gradientPool.ts';

/** What a user may change of an experiment. */
export interface ExperimentSettings {
  /** Trainings of each cell, with seeds 1, 2, … */
  readonly seeds: number;
  /** Optimizer steps of a training. */
  readonly steps: number;
  /** Folder of texts, where the experiment reads some. */
  readonly data?: string;
  /** What computes, where it is not wasm: sums of another backend are rounded otherwise. */
  readonly backend?: BackendName;
}

export interface CellContext {
  /** Of this cell alone, for what resuming needs. */
  readonly folder: string;
  readonly threads: Workers;
  readonly signal: AbortSignal;
  onProgress(line: string): void;
}

/** What one training gave; times are its own, whatever interrupted it. */
export interface CellResult {
  /** By column of the table. */
  readonly values: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** One training of an experiment. */
export interface Cell {
  /** Unique in the experiment and usable as the name of a folder. */
  readonly id: string;
  /** Row of the table, a cell for each of the experiment's `rowTitles`. */
  readonly row: readonly string[];
  readonly seed: number;
  /** @returns undefined when the signal ended it; the same cell goes on from its folder. */
  run(context: CellContext): Promise<CellResult | undefined>;
}

/** A table of the paper at laptop scale. Adding one takes a file, and its line in `index.ts`. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** One to three sentences above the table: what is trained on what, and what the numbers are. */
  readonly about: string;
  readonly defaults: ExperimentSettings;
  /** Whether it reads texts, `--data`. */
  readonly needsData: boolean;
  /** What the first cells of a row say. */
  readonly rowTitles: readonly string[];
  /** Columns of the table in order. */
  readonly columns: readonly string[];
  /** How one number reads in the table. */
  format(value: number): string;
  /** All trainings, in the order that they are run in. */
  cells(settings: ExperimentSettings): Cell[];
}
