/** Memory of an optimizer that holds Σ x xᵀ of the chunk that is open; it goes with the chunk. */
export const GRAM = 'gram';

/** Name of an optimizer's memory of one tensor. */
export function memoryName(tensor: string, memory: string): string {
  return `${tensor}.${memory}`;
}
