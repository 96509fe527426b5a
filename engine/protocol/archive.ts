/** A level of a checkpoint, as far as it says. */
export interface ArchiveLevel {
  readonly id: string;
  /** Tokens between two updates, 0 for one that training on a selection never changes; absent when it is not said. */
  readonly period?: number;
}

/** Where a tensor belongs in a model. */
export interface TensorPlace {
  /** −1 outside the blocks. */
  readonly block: number;
  /** Empty when the name says nothing. */
  readonly module: string;
  /** Absent for what is no weight of the model, for example the optimizer's. */
  readonly level?: string;
  /** The rest of the name. */
  readonly leaf: string;
}

/** A tensor of a checkpoint as lists show it. */
export interface ArchiveTensor extends TensorPlace {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Of the values, not compressed. */
  readonly bytes: number;
  /** File within the checkpoint and the bytes of it that hold the values. */
  readonly file: string;
  readonly begin: number;
  readonly end: number;
  /** Dictionary keys and list indices that lead to it in a PyTorch file. */
  readonly keys?: readonly (string | number)[];
  /** First tensor that shares all of these values: tied weights. */
  readonly sameAs?: string;
}

/** A checkpoint that was opened. */
export interface ArchiveInfo {
  readonly path: string;
  readonly format: string;
  /** Family whose names these are: `Hope`, `Hope (PyTorch)`, `Llama`, `GPT-2` or `unknown`. */
  readonly family: string;
  readonly levels: readonly ArchiveLevel[];
  readonly tensors: readonly ArchiveTensor[];
  /** Elements of all weights, tied ones once. */
  readonly parameters: number;
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** What was left out or not checked, one sentence each. */
  readonly notes: readonly string[];
}
