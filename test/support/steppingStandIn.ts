import {
  encodeFrame,
  type Frame,
  type LevelInfo,
  METRIC_INDEX,
  METRICS,
  type Probe,
  type ProbeScore,
  type RunInfo,
  type TensorInfo,
  type TokenSpans,
  type TrainRequest,
  type Update,
} from '../../engine/protocol/index.ts';
import type { SteppingEngine } from '../../extension/debugger/engineStepper.ts';
import { EngineFailure } from '../../extension/engine/engineFailure.ts';

export const STAND_IN_LEVELS: readonly LevelInfo[] = [
  { id: 'memory', period: 2 },
  { id: 'cms.0', period: 4 },
  { id: 'cms.1', period: 8 },
  { id: 'outer', period: 0 },
];
const LEVELS = 3;
const BLOCKS = 2;
const TICK = 2;

/**
 * An engine for tests of the debugger alone: words are tokens, a tick has two, and every number follows from its
 * place, so that a test can say what must come. What it shares with an engine is the order of events.
 */
export class SteppingStandIn implements SteppingEngine {
  /** Every request, to tell how often the engine is asked. */
  readonly asked: string[] = [];
  /** Update (from 1) that diverges. */
  divergesAt = Number.POSITIVE_INFINITY;
  cursor = 0;
  closed = false;
  #tokens = 0;
  #epochs = 1;
  #recorded = 0;

  async openStepper(request: TrainRequest, tokens: (spans: TokenSpans) => void): Promise<RunInfo> {
    const words = [...request.text.matchAll(/\s*\S+|\s+/g)];
    this.#tokens = words.length;
    this.#epochs = request.options.epochs;
    tokens({
      runId: request.runId,
      first: 0,
      starts: Uint32Array.from(words, ({ index }) => index),
      ends: Uint32Array.from(words, ({ index, 0: word }) => index + word.length),
    });
    return this.#info(request);
  }

  async stepTo(runId: string, updates: number) {
    this.asked.push(`to ${updates}`);
    // As an answer from another process, it comes no sooner than other events.
    await new Promise(resolve => setImmediate(resolve));
    const last = Math.ceil((this.#tokens * this.#epochs) / TICK);
    if (updates >= this.divergesAt) throw new EngineFailure('diverged', 'cms.0 diverged', 'Lower the rates.');
    const from = Math.min(updates, this.cursor);
    this.cursor = Math.min(updates, last);
    this.#recorded = Math.max(this.#recorded, this.cursor);
    const frame = encodeFrame(runId, BLOCKS, LEVELS, this.#updates(from, this.cursor));
    return { updates: this.cursor, ended: this.cursor === last, frame };
  }

  async closeStepper(): Promise<RunInfo> {
    this.closed = true;
    return {} as RunInfo;
  }

  async readUpdates(_path: string, first: number, count: number): Promise<Frame> {
    this.asked.push(`read ${first}`);
    return encodeFrame('run', BLOCKS, LEVELS, this.#updates(first, Math.min(first + count, this.#recorded)));
  }

  /** One tensor a level and block; cms.1 of block 1 never changes. */
  async describe(): Promise<TensorInfo[]> {
    this.asked.push('describe');
    return ['memory', 'cms.0', 'cms.1', 'outer'].flatMap(level =>
      [0, 1].map(block => {
        const period = STAND_IN_LEVELS.find(({ id }) => id === level)!.period;
        const fired =
          period && !(level === 'cms.1' && block === 1) ? Math.floor((this.cursor * TICK) / period) : 0;
        return {
          ...{ name: `blocks.${block}.${level}.weight`, block, module: 'cms', level },
          ...{ shape: [2, 3], dtype: 'F32', norm: 1 + fired / 10, delta: fired / 10 },
        };
      }),
    );
  }

  async scoreProbes(probes: readonly Probe[]): Promise<ProbeScore[]> {
    this.asked.push('probe');
    const probability = 1 - 1 / (1 + this.cursor);
    return probes.map(() => ({ probability, rank: 1, meanLogProbability: Math.log(probability), tokens: 1 }));
  }

  #updates(from: number, to: number): Update[] {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) =>
      standInUpdate(from + i, this.#tokens * this.#epochs),
    );
  }

  #info({ runId, title, options }: TrainRequest): RunInfo {
    const learningRates = { memory: 1, 'cms.0': 0.1, 'cms.1': 0.1, ...options.learningRates };
    return {
      ...{ path: '', id: runId, title, createdAt: '', modelName: '', engineVersion: '', backend: '' },
      ...{ status: 'running', options: { ...options, learningRates }, blocks: BLOCKS },
      ...{ levels: STAND_IN_LEVELS.slice(0, LEVELS), updates: 0, tokens: 0, positions: 0, bytes: 0 },
      ...{ keyframes: [], bookmarks: [], probes: [] },
    };
  }
}

/** Surprise of a token is its position modulo 10; ρ is the update's number / 1000. */
export function standInUpdate(index: number, positions: number): Update {
  const position = index * TICK;
  const surprise = Float32Array.from(
    { length: Math.min(TICK, positions - position) },
    (_, i) => (position + i) % 10,
  );
  const metrics = new Float32Array(BLOCKS * LEVELS * METRICS.length);
  for (let group = 0; group < BLOCKS * LEVELS; group++) {
    const { period } = STAND_IN_LEVELS[group % LEVELS];
    const read = position + surprise.length;
    const fired = read % period === 0;
    const set = (name: keyof typeof METRIC_INDEX, value: number) => {
      metrics[group * METRICS.length + METRIC_INDEX[name]] = value;
    };
    set('fired', fired ? 1 : 0);
    set('deltaNorm', fired ? (index + 1) / 1000 : 0);
    set('weightNorm', 1);
    set('gradientNorm', fired ? 2 : Number.NaN);
    set('drift', Math.floor(read / period) / 100);
    set('lss', 0.5);
    set('eta', group % LEVELS === 0 ? 0.01 : Number.NaN);
    set('alpha', group % LEVELS === 0 ? 0.99 : Number.NaN);
    set('pending', read % period);
  }
  const loss = surprise.reduce((sum, each) => sum + each, 0) / surprise.length;
  return { index, position, loss, surprise, metrics };
}
