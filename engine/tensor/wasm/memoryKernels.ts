/**
 * The exports of `assembly/memoryRead.ts`, `chunkWrite.ts`, `chunkGradient.ts` and `chunkGatesGradient.ts`: pointers
 * in bytes, sizes in elements. G groups, C tokens, Q queries, D width, H hidden, O outputs.
 */
export interface MemoryKernels {
  readBytes(tokens: number, hidden: number): number;
  readMemory(
    z: number,
    w1: number,
    w2: number,
    out: number,
    pre: number,
    groups: number,
    tokens: number,
    width: number,
    hidden: number,
    outputs: number,
    work: number,
  ): void;
  readMemoryGradient(
    z: number,
    w1: number,
    w2: number,
    pre: number,
    dOut: number,
    dz: number,
    dW1: number,
    dW2: number,
    groups: number,
    tokens: number,
    width: number,
    hidden: number,
    outputs: number,
    work: number,
  ): void;
  chunkBytes(
    groups: number,
    chunk: number,
    queries: number,
    width: number,
    hidden: number,
    outputs: number,
  ): number;
  prepareChunk(
    k: number,
    v: number,
    q: number,
    eta: number,
    logAlpha: number,
    groups: number,
    chunk: number,
    queries: number,
    width: number,
    work: number,
  ): void;
  writeChunk(
    eta: number,
    w1: number,
    w2: number,
    newW1: number,
    newW2: number,
    taken1: number,
    taken2: number,
    surprise: number,
    read: number,
    groups: number,
    chunk: number,
    queries: number,
    width: number,
    hidden: number,
    outputs: number,
    ceiling: number,
    dotProduct: boolean,
    work: number,
  ): void;
  chunkGradientBytes(
    groups: number,
    chunk: number,
    queries: number,
    width: number,
    hidden: number,
    outputs: number,
  ): number;
  clearSums(groups: number, chunk: number, queries: number, width: number, work: number): void;
  chunkGradient(
    eta: number,
    w1: number,
    w2: number,
    dNewW1: number,
    dNewW2: number,
    dRead: number,
    dW1: number,
    dW2: number,
    groups: number,
    chunk: number,
    queries: number,
    width: number,
    hidden: number,
    outputs: number,
    ceiling: number,
    dotProduct: boolean,
    work: number,
  ): void;
  finishGradient(
    eta: number,
    dk: number,
    dv: number,
    dq: number,
    dEta: number,
    dLogAlpha: number,
    groups: number,
    chunk: number,
    queries: number,
    width: number,
    work: number,
  ): void;
}
