import type { LevelInfo } from '../../engine/protocol/level.ts';
import type { LevelsReset, LevelsState } from '../../engine/protocol/webview.ts';
import { LEVELS, LEVELS_WITH_MEMORIES, type SyntheticShape, syntheticFrame, TICK } from './synthetic.ts';

/** What the host would send, and the keys and pointer moves that follow. */
export interface Scene {
  readonly reset: LevelsReset;
  readonly keys?: readonly { readonly on: string; readonly keys: readonly string[] }[];
  /** Selector of an element the pointer rests on. */
  readonly hover?: string;
}

const model = { name: 'halcyon-small', blocks: 4, levels: LEVELS };
const run = {
  id: 'run',
  title: 'harbour-log.md, lines 12 to 48',
  position: 812,
  total: 1200,
  updates: 203,
  tokensPerSecond: 86,
};
const after = (updates: number, shape?: SyntheticShape) => {
  // As many as a host keeps at hand.
  const first = Math.max(0, updates - 3000);
  return syntheticFrame(first, updates - first, shape);
};
const at = (updates: number, phase: LevelsState['phase'], more: object = {}): LevelsState => ({
  phase,
  model,
  run: { ...run, position: updates * TICK, updates, ...more },
});

const sixCms: readonly LevelInfo[] = [
  ...LEVELS.slice(0, 2),
  ...[32, 64, 128, 256, 512, 1024].map((period, k): LevelInfo => ({ id: `cms.${k}`, period })),
  { id: 'outer', period: 0 },
];

/** Every state the view can be in, by name. */
export const SCENES: Readonly<Record<string, Scene>> = {
  'no-model': { reset: { state: { phase: 'no-model' } } },
  loading: { reset: { state: { phase: 'loading', model } } },
  idle: { reset: { state: { phase: 'idle', model } } },
  start: { reset: { state: at(0, 'running', { tokensPerSecond: 0 }) } },
  early: { reset: { state: at(9, 'running', { tokensPerSecond: 4.2 }), backlog: after(9) } },
  running: { reset: { state: at(203, 'running'), backlog: after(203) } },
  memories: {
    reset: {
      state: { ...at(203, 'running'), model: { ...model, levels: LEVELS_WITH_MEMORIES } },
      backlog: after(203, { levels: LEVELS_WITH_MEMORIES }),
    },
    keys: [{ on: '[data-level="cms.0"]', keys: ['Enter'] }],
  },
  long: {
    reset: {
      state: at(4870, 'running', { total: 24000, tokens: 8000, tokensPerSecond: 1234 }),
      backlog: after(4870),
    },
    keys: [{ on: '[role=slider]', keys: ['-', '-', '-', '-'] }],
  },
  passes: {
    reset: { state: at(203, 'running', { total: 1400, tokens: 700 }), backlog: after(203) },
  },
  cursor: {
    reset: { state: at(203, 'finished'), backlog: after(203) },
    keys: [{ on: '[data-level="cms.0"]', keys: ['[', '[', 'ArrowLeft'] }],
  },
  token: {
    reset: { state: at(203, 'running'), backlog: after(203) },
    keys: [{ on: '[role=slider]', keys: ['+', '+', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft'] }],
  },
  hover: {
    reset: { state: at(203, 'running'), backlog: after(203) },
    hover: '[data-level="memory"] .raster',
  },
  finished: { reset: { state: at(300, 'finished'), backlog: after(300) } },
  cancelled: { reset: { state: at(120, 'cancelled'), backlog: after(120) } },
  failed: {
    reset: {
      state: {
        ...at(203, 'failed'),
        failure: {
          headline: 'Training stopped at token 812',
          detail: 'cms.0, block 2: the loss became NaN. Updates 1 to 203 are kept in the run.',
        },
      },
      backlog: after(203),
    },
  },
  'six-cms': {
    reset: {
      state: { ...at(203, 'running'), model: { ...model, levels: sixCms } },
      backlog: after(203, { levels: sixCms }),
    },
  },
};
