/** Memory of an optimizer that holds Σ x xᵀ of the chunk that is open; it goes with the chunk. */
export const GRAM = 'gram';

/** Memory of an optimizer that holds Σ y of what a level read in the chunk that is open; it goes with the chunk. */
export const CONTEXT = 'context';

/** Whether a memory of an optimizer belongs to the chunk that is open, in place of outliving it. */
export function isOfChunk(memory: string): boolean {
  return memory === GRAM || memory === CONTEXT;
}

/**
 * Beside the memories of `contract.bias`: what the levels were told at the first tokens of a level's open chunk, which
 * in mode km slower ones are told again (`misaligned-signals`); it goes with the chunk.
 */
export const SIGNAL = 'signal';

/** What the last write of a level did to one of its optimizer's memories of a tensor. */
export interface MemoryWrite {
  /** ‖Δm‖_F */
  readonly deltaNorm: number;
  /** ‖∇‖_F of its inner objective before the write; NaN for a memory that answers nothing. */
  readonly surprise: number;
}

/** Name of an optimizer's memory of one tensor. */
export function memoryName(tensor: string, memory: string): string {
  return `${tensor}.${memory}`;
}
