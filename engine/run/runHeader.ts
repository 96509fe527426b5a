import {
  type LevelInfo,
  METRICS,
  type Metric,
  memoryOwner,
  ownLevels,
  type RunParent,
  type TrainOptions,
} from '../protocol/index.ts';
import { changeProblem } from './branchChange.ts';

/** What a run is: written once when it starts. Together with the base checkpoint it makes every update recomputable. */
export interface RunHeader {
  readonly runId: string;
  readonly title: string;
  readonly modelName: string;
  /** SHA-256 of the base checkpoint's `model.safetensors`, hexadecimal; empty where the run was made of snapshots. */
  readonly modelHash: string;
  /** SHA-256 of `tokenizer.json`, hexadecimal. */
  readonly tokenizerHash: string;
  readonly engineVersion: string;
  readonly backend: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly options: TrainOptions;
  /**
   * Fast to slow, then the memories of their optimizers; `outer` is among them only where snapshots of a whole training
   * are told of.
   */
  readonly levels: readonly LevelInfo[];
  readonly blocks: number;
  /** Order of the numbers of one block and level in an update. */
  readonly metrics: readonly Metric[];
  /** Tick of the text that update 0 trained on: 0, or for a branch all that came before it. */
  readonly firstTick: number;
  /** Updates between two scorings of the probes; 0 scores them before the first update and after the last only. */
  readonly probeInterval: number;
  /** Bytes that keyframes may take; the first, the last and bookmarked ones are kept all the same. */
  readonly storageBudget: number;
  readonly parent?: RunParent;
}

/** `running` also when the process that wrote the run is gone. */
export type RunStatus = 'running' | 'finished' | 'cancelled' | 'failed';
export const RUN_STATUSES: readonly RunStatus[] = ['running', 'finished', 'cancelled', 'failed'];

/** Why no state of a run can be had whatever model is loaded, one sentence; undefined where that is not so. */
export function lackOfStates({ modelHash }: RunHeader): string | undefined {
  return modelHash === ''
    ? 'It was made of snapshots, whose changes it tells without their weights.'
    : undefined;
}

/** Numbers in `Update.metrics`: blocks × levels × metrics. */
export function metricsPerUpdate(header: RunHeader): number {
  return header.blocks * header.levels.length * header.metrics.length;
}

/** Keeps a file from asking for gigabytes: more numbers an update than any model of today, by far. */
const MOST_METRICS = 1e7;

/** Returns the header unchanged. @throws TypeError naming the first field that cannot be right. */
export function checkHeader(header: RunHeader): RunHeader {
  const refuse = (field: string, value: unknown): never => {
    throw new TypeError(`${field} of the run header cannot be ${JSON.stringify(value)}`);
  };
  for (const field of [
    'runId',
    'title',
    'modelName',
    'modelHash',
    'tokenizerHash',
    'engineVersion',
    'backend',
    'createdAt',
  ] as const) {
    if (typeof header[field] !== 'string') refuse(field, header[field]);
  }
  if (!isCount(header.blocks)) refuse('blocks', header.blocks);
  if (!Array.isArray(header.levels) || header.levels.length === 0) refuse('levels', header.levels);
  const known = lackOfStates(header)
    ? /^(memory|projections|cms\.\d+|outer)$/
    : /^(memory|projections|cms\.\d+)$/;
  const names = new Set(header.levels.map(level => level?.id));
  for (const level of header.levels) {
    const owner = memoryOwner(String(level?.id)) as LevelInfo['id'] | undefined;
    const fits = owner ? names.has(owner) : known.test(level?.id);
    if (!fits || !isCount(level.period)) refuse('levels', level);
  }
  if (header.metrics?.join() !== METRICS.join()) refuse('metrics', header.metrics);
  if (metricsPerUpdate(header) > MOST_METRICS) refuse('blocks', header.blocks);
  checkOptions(header.options, refuse);
  for (const field of ['firstTick', 'probeInterval', 'storageBudget'] as const) {
    if (!isWhole(header[field])) refuse(field, header[field]);
  }
  if (header.parent) checkParent(header.parent, header, refuse);
  return header;
}

function checkOptions(options: TrainOptions, refuse: (field: string, value: unknown) => never): void {
  if (typeof options !== 'object' || options === null) refuse('options', options);
  const { epochs, learningRates, partialChunk, telemetry } = options;
  if (!isCount(epochs)) refuse('options.epochs', epochs);
  if (typeof learningRates !== 'object' || learningRates === null) {
    refuse('options.learningRates', learningRates);
  }
  for (const rate of Object.values(learningRates)) {
    if (!Number.isFinite(rate)) refuse('options.learningRates', learningRates);
  }
  if (partialChunk !== 'flush' && partialChunk !== 'drop') refuse('options.partialChunk', partialChunk);
  if (typeof telemetry !== 'boolean') refuse('options.telemetry', telemetry);
}

function checkParent(
  { runId, updates, change }: RunParent,
  { firstTick, levels }: RunHeader,
  refuse: (field: string, value: unknown) => never,
): void {
  if (typeof runId !== 'string') refuse('parent.runId', runId);
  if (!isWhole(updates) || updates > firstTick) refuse('parent.updates', updates);
  const problem = changeProblem(
    change,
    ownLevels(levels).map(level => level.id),
    updates,
  );
  if (problem) refuse('parent.change', problem);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
