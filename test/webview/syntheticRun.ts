import { forgettingOf } from '../../engine/introspect/forgetting.ts';
import type {
  AbsorptionReport,
  DeltaSpectrum,
  Forgetting,
  Frame,
  MeasuredInterference,
  RunInfo,
  RunOverview,
  WriteParts,
} from '../../engine/protocol/index.ts';
import {
  encodeFrame,
  METRIC_INDEX,
  METRICS,
  OVERVIEW_LEVEL_TRACKS,
  OVERVIEW_TRACKS,
  type Update,
} from '../../engine/protocol/index.ts';
import { BLOCKS, LEVELS, noise, synthetic, TICK } from './synthetic.ts';

export const INNER = LEVELS.filter(({ period }) => period > 0);

/** What a run file with made-up numbers says of itself. */
export function runInfo(updates: number, more: Partial<RunInfo> = {}): RunInfo {
  return {
    path: '/runs/harbour.hoperun',
    id: 'run',
    title: 'harbour-log.md, lines 12 to 48',
    createdAt: '2026-03-01T10:00:00.000Z',
    modelName: 'halcyon-small',
    engineVersion: '0.1.0',
    backend: 'wasm',
    status: 'finished',
    options: { epochs: 1, learningRates: {}, partialChunk: 'flush', telemetry: true },
    blocks: BLOCKS,
    levels: INNER,
    updates,
    tokens: updates * TICK,
    positions: updates * TICK,
    bytes: updates * 900,
    keyframes: [0],
    bookmarks: [],
    probes: [
      probe('The survey ship Halcyon sails from', ' Lisbon', updates, 0.004, 0.237),
      probe('The office keeps', ' almanacs', updates, 0.044, 0.042),
    ],
    ...more,
  };
}

/** Facts that are written one after the other; each loses some of its score to the next. */
export function manyProbes(updates: number): RunInfo['probes'] {
  return ['Lisbon', 'almanacs', 'forty-one maps', 'bees', 'the ferry'].map((answer, fact) => ({
    ...{ prompt: `What the log says of fact ${fact + 1} is`, answer: ` ${answer}` },
    scores: Array.from({ length: 21 }, (_, i) => {
      const since = i - 4 * fact;
      const nats = since <= 0 ? -7 - fact / 3 : -1.2 - 0.9 * Math.sin(since / 2.1) ** 2 - since / 15;
      return {
        ...{ updates: Math.round((i / 20) * updates), probability: Math.exp(nats), rank: 3 },
        ...{ meanLogProbability: nats, tokens: 1 },
      };
    }),
  }));
}

function probe(prompt: string, answer: string, updates: number, from: number, to: number) {
  const scores = Array.from({ length: 9 }, (_, i) => {
    const share = i / 8;
    const probability = from + (to - from) * share ** 2 * (i === 6 ? 0.5 : 1);
    return {
      updates: Math.round(share * updates),
      probability,
      rank: 9 - i,
      meanLogProbability: Math.log(probability),
      tokens: 1,
    };
  });
  return { prompt, answer, scores };
}

export const frameOf = (run: RunInfo, first: number, count: number): Frame =>
  encodeFrame(
    run.id,
    run.blocks,
    run.levels.length,
    synthetic(first, Math.max(0, Math.min(count, run.updates - first)), { levels: run.levels }),
  );

/** The overview by the obvious way: each update goes into the column in which it begins. */
export function overviewOf(run: RunInfo, from: number, to: number, columns: number): RunOverview {
  const groups = OVERVIEW_LEVEL_TRACKS.length * run.blocks * run.levels.length;
  const all = new Float32Array((OVERVIEW_TRACKS.length + groups) * columns).fill(Number.NaN);
  const counts = new Float32Array(columns);
  const track = (index: number, column: number): number => index * columns + column;
  const raise = (at: number, value: number): void => {
    if (!(all[at] >= value) && !Number.isNaN(value)) all[at] = value;
  };
  const first = Math.max(0, Math.floor(from / TICK));
  const last = Math.min(run.updates, Math.ceil(to / TICK));
  for (let start = first; start < last; start += 4096) {
    for (const update of synthetic(start, Math.min(4096, last - start), { levels: run.levels })) {
      const column = Math.min(
        columns - 1,
        Math.max(0, Math.floor(((update.position - from) / (to - from)) * columns)),
      );
      raise(track(0, column), Math.max(...update.surprise));
      const n = counts[column]++;
      for (const t of [1, 2])
        all[track(t, column)] = ((n ? all[track(t, column)] : 0) * n + update.loss) / (n + 1);
      levelTracks(run, update, column, columns, n, all, raise);
    }
  }
  return {
    runId: run.id,
    from,
    to,
    columns,
    blocks: run.blocks,
    levels: run.levels.length,
    data: all.buffer,
  };
}

function levelTracks(
  run: RunInfo,
  update: Update,
  column: number,
  columns: number,
  n: number,
  all: Float32Array,
  raise: (at: number, value: number) => void,
): void {
  const size = run.blocks * run.levels.length;
  for (let group = 0; group < size; group++) {
    const of = (metric: keyof typeof METRIC_INDEX): number =>
      update.metrics[group * METRICS.length + METRIC_INDEX[metric]];
    const at = (kind: number): number => (OVERVIEW_TRACKS.length + kind * size + group) * columns + column;
    if (of('fired') > 0) raise(at(0), of('deltaNorm') / of('weightNorm'));
    raise(at(1), of('drift'));
    all[at(2)] = ((n ? all[at(2)] : 0) * n + of('eta')) / (n + 1);
    all[at(3)] = ((n ? all[at(3)] : 0) * n + of('alpha')) / (n + 1);
    all[at(4)] = (n ? all[at(4)] : 0) + of('fired');
  }
}

const WORDS =
  ' carries both. The survey ship Halcyon sails from Lisbon every spring. Her crew maps the slow currents below the shelf, where cold water turns back on itself and keeps the salt of another ocean. In the log of the ninth season the depth was written in fathoms, then struck out and written again in metres.'.match(
    / ?[A-Za-z]+|[.,]/g,
  ) ?? [];

export function tokensOf(run: RunInfo, first: number, count: number): { first: number; texts: string[] } {
  const length = Math.max(0, Math.min(count, run.tokens - first));
  return { first, texts: Array.from({ length }, (_, i) => WORDS[(first + i) % WORDS.length]) };
}

export function spectrumOf(from: number, to: number, level: string, block: number): DeltaSpectrum {
  const matrix = (name: string, scale: number, rank: number) => {
    const delta = Float32Array.from({ length: 64 }, (_, i) =>
      i < rank ? 0.57 * scale * Math.exp(-i / 9) : 1e-8,
    );
    const weight = Float32Array.from({ length: 64 }, (_, i) => 7.7 * scale * Math.exp(-i / 40));
    return {
      ...{ name, shape: [64, 256], delta, weight, deltaNorm: 1.2 * scale, weightNorm: 31 * scale },
      ...{ effectiveRank: 18.4, stableRank: 4.4, rankBound: 32, intruders: 1 },
    };
  };
  return {
    level,
    block,
    from,
    to,
    matrices: [matrix(`${level}.w_in`, 1, 32), matrix(`${level}.w_out`, 0.7, 24)],
  };
}

export const partsOf = (update: number, level: string, block: number): WriteParts => ({
  ...{ level, block, update },
  parts: [{ memory: 'M_memory', decay: 0.12, erase: 0.31, write: 0.44, delta: 0.52, halfLife: 38 }],
});

const LEVEL_SHARES: readonly (readonly number[])[] = [
  [0.31, 0.19, 0.24, 0.44],
  [0.12, 0.16, 0.05, 0.2],
  [2.49, 0.21, 2.72, 2.18],
  [1.16, 0.14, 1.41, 0.83],
];

/** An absorption report with the shape of a real one. */
export function absorptionOf(significant = true): AbsorptionReport {
  const levels = INNER.map(({ id }, i) => {
    const [shapley, deviation, necessity, sufficiency] = LEVEL_SHARES[i] ?? [0, 0, 0, 0];
    return {
      ...{ level: id, shapley, necessity, sufficiency, interaction: necessity - sufficiency },
      control: { mean: 0, deviation: deviation / 2, count: 24 },
      ...{
        zScore: deviation ? sufficiency / (deviation / 2) : 0,
        path: [],
        updates: i < 4 ? 9 : 0,
        frozen: false,
      },
      tokensToGo: i < 4 ? undefined : 212,
    };
  });
  const updates = [176, 186, 192, 198, 203];
  return {
    ...{
      from: 176,
      to: 203,
      before: Math.log(0.004),
      after: Math.log(0.237),
      gain: 4.08,
      standardError: significant ? 0.22 : 3,
    },
    ...{ significant, levels, pathResidual: Number.NaN, halfGainAt: 187 },
    paraphrases: [{ before: -5.2, after: -2.9 }],
    neighbours: [{ before: -4.1, after: -4.0 }],
    handOver: {
      updates,
      shapley: updates.map((_, moment) =>
        levels.map(({ shapley }, l) =>
          moment === 0
            ? 0
            : shapley * Math.min(1, (moment + (l === 0 ? 2 : 0)) / 4) +
              (l === 0 && moment === 1 ? noise(1) : 0),
        ),
      ),
    },
  };
}

/** Forgetting among the run's probes, as the engine finds it. */
export function forgettingIn({ probes }: RunInfo): Forgetting {
  const facts = probes.map(({ scores }) => ({
    updates: scores.map(({ updates }) => updates),
    scores: scores.map(({ meanLogProbability }) => meanLogProbability),
  }));
  return { probes: probes.map(({ prompt, answer }) => ({ prompt, answer })), report: forgettingOf(facts) };
}

/** A gain and a damage, predicted too large and too small. */
export const interferenceIn = (
  { probes, levels }: RunInfo,
  from: number,
  to: number,
): MeasuredInterference => ({
  from,
  to,
  probes: probes.map(({ prompt, answer }) => ({ prompt, answer })),
  report: {
    levels: levels.map(({ id }) => id),
    facts: probes.map((_, i) => ({
      predicted: levels.map((_, level) => (i === 0 ? 0.75 : -0.2) / (level + 1)),
      measured: i === 0 ? 1.25 : -0.5,
    })),
  },
});
