/**
 * The exports of `assembly/norm.ts`, `continuum.ts`, `convolution.ts`, `softmax.ts`, `squares.ts`, `gates.ts`,
 * `vectors.ts` and `adamW.ts`: pointers in bytes, sizes in elements.
 */
export interface LayerKernels {
  layerNorm(
    x: number,
    weight: number,
    bias: number,
    out: number,
    means: number,
    scales: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  layerNormGradient(
    x: number,
    weight: number,
    means: number,
    scales: number,
    dy: number,
    dx: number,
    dWeight: number,
    dBias: number,
    rows: number,
    width: number,
  ): void;
  rmsNorm(
    x: number,
    weight: number,
    out: number,
    rows: number,
    width: number,
    share: number,
    epsilon: number,
  ): void;
  rmsNormGradient(
    x: number,
    weight: number,
    dy: number,
    dx: number,
    dWeight: number,
    rows: number,
    width: number,
    share: number,
    epsilon: number,
  ): void;
  continuumBytes(rows: number, width: number, hidden: number): number;
  continuum(
    x: number,
    weight: number,
    bias: number,
    expand: number,
    expandBias: number,
    contract: number,
    contractBias: number,
    out: number,
    means: number,
    scales: number,
    pre: number,
    rows: number,
    width: number,
    hidden: number,
    epsilon: number,
    work: number,
  ): void;
  continuumGradient(
    x: number,
    weight: number,
    bias: number,
    expand: number,
    contract: number,
    means: number,
    scales: number,
    pre: number,
    dy: number,
    dx: number,
    dWeight: number,
    dBias: number,
    dExpand: number,
    dExpandBias: number,
    dContract: number,
    dContractBias: number,
    rows: number,
    width: number,
    hidden: number,
    epsilon: number,
    work: number,
    add: boolean,
  ): void;
  continuumGradientSum(
    x: number,
    weight: number,
    bias: number,
    expand: number,
    contract: number,
    means: number,
    scales: number,
    pre: number,
    dy: number,
    dx: number,
    sumWeight: number,
    sumBias: number,
    sumExpand: number,
    sumExpandBias: number,
    sumContract: number,
    sumContractBias: number,
    rows: number,
    width: number,
    hidden: number,
    epsilon: number,
    work: number,
  ): void;
  convolutionBytes(width: number, taps: number): number;
  convolution(
    x: number,
    weight: number,
    tail: number,
    since: number,
    out: number,
    nextTail: number,
    batch: number,
    tokens: number,
    width: number,
    taps: number,
    work: number,
  ): void;
  convolutionGradient(
    x: number,
    weight: number,
    tail: number,
    since: number,
    dOut: number,
    dNextTail: number,
    dx: number,
    dWeight: number,
    dTail: number,
    batch: number,
    tokens: number,
    width: number,
    taps: number,
    work: number,
  ): void;
  softmax(x: number, out: number, rows: number, width: number): void;
  squaredDistance(x: number, y: number, n: number): number;
  writeSquares(error: number, before: number, after: number, base: number, sums: number, n: number): void;
  /** after = θ − rate·error, with sums[4] as of `writeSquares`; `work` is four float64. */
  descendMeasured(
    theta: number,
    error: number,
    rate: number,
    after: number,
    base: number,
    sums: number,
    work: number,
    n: number,
  ): void;
  rowSquares(x: number, sums: number, rows: number, width: number, add: boolean): void;
  meanRoot(x: number, n: number): number;
  learningRates(rates: number, n: number, bias: number, scale: number, ceiling: number): void;
  retentionLogs(logs: number, n: number, bias: number): void;
  combine(s: number, x: number, t: number, y: number, out: number, n: number): void;
  adamW(
    weights: number,
    gradient: number,
    first: number,
    second: number,
    n: number,
    beta1: number,
    beta2: number,
    rest1: number,
    rest2: number,
    keep: number,
    rate: number,
    correction: number,
    epsilon: number,
  ): void;
  allFinite(x: number, n: number): number;
}
