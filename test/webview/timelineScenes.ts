import type { TimelineState } from '../../engine/protocol/index.ts';
import { LEVELS_WITH_MEMORIES } from './synthetic.ts';
import { absorptionOf, manyProbes, runInfo } from './syntheticRun.ts';

/** What the host would send, and the keys and pointer moves that follow. */
export interface TimelineScene {
  readonly state: TimelineState;
  readonly keys?: readonly { readonly on: string; readonly keys: readonly string[] }[];
  /** Selector of an element the pointer rests on. */
  readonly hover?: string;
  /** Selector of what the picture shows, where it is not the page. */
  readonly shot?: string;
}

const ready = (updates: number, more: Partial<TimelineState> = {}, info = {}): TimelineState => ({
  ...{ phase: 'ready', run: runInfo(updates, info), total: updates * 4, live: false },
  ...more,
});
const fact = { prompt: 'The survey ship Halcyon sails from', answer: ' Lisbon' };
const cms0 = ['ArrowDown', ...Array<string>(12).fill('ArrowDown')];

/** Every state the view can be in, by name. */
export const TIMELINE_SCENES: Readonly<Record<string, TimelineScene>> = {
  empty: {
    state: {
      phase: 'empty',
      total: 0,
      live: false,
      recent: [{ path: '/runs/a.hoperun', title: 'people.txt, line 1', updates: 300 }],
    },
  },
  loading: { state: { phase: 'loading', total: 0, live: false } },
  memories: {
    state: ready(300, {}, { levels: LEVELS_WITH_MEMORIES.filter(({ period }) => period > 0) }),
    keys: [{ on: '.track.selected .plot', keys: ['o'] }],
  },
  failed: {
    state: {
      ...{ phase: 'failed', total: 0, live: false },
      failure: {
        headline: 'The run cannot be shown.',
        detail:
          '/runs/a.hoperun: the run file has version 9, this Hopescope reads versions 2 and 3. Update Hopescope, then open the run again.',
      },
    },
  },
  ready: {
    state: ready(300, { absorption: { fact, report: absorptionOf() }, restored: 300 }),
    keys: [{ on: 'main', keys: cms0 }],
  },
  live: {
    state: ready(203, { live: true, total: 1200 }, { status: 'running' }),
    keys: [{ on: 'main', keys: ['ArrowDown', 'ArrowDown', 'ArrowDown'] }],
  },
  zoomed: {
    state: ready(300, { absorption: { fact, report: absorptionOf(false) } }),
    keys: [{ on: 'main', keys: ['Home', ...Array<string>(40).fill('ArrowRight'), '+', '+', ...cms0] }],
  },
  focus: { state: ready(300), keys: [{ on: '.track.selected .plot', keys: [...cms0, '[', 'ArrowLeft'] }] },
  hover: { state: ready(300), hover: '[data-level="projections"] .plot' },
  passes: {
    state: ready(
      300,
      {},
      { tokens: 400, options: { epochs: 3, learningRates: {}, partialChunk: 'flush', telemetry: true } },
    ),
  },
  stopped: {
    state: ready(
      203,
      {
        total: 1200,
        failure: {
          headline: 'Training stopped at token 812',
          detail: 'Updates 1 to 203 are in the run and can be stepped through.',
        },
      },
      {
        status: 'failed',
        unavailable: 'To restore its states load the model halcyon-small, with which the run was made.',
      },
    ),
  },
  compare: {
    state: ready(300, { other: runInfo(280, { id: 'other', title: 'branch', path: '/runs/b.hoperun' }) }),
  },
  forgetting: {
    state: ready(300, {}, { probes: manyProbes(300) }),
    keys: [{ on: '.interference vscode-button', keys: ['Enter'] }],
    shot: '.forgetting',
  },
  bare: { state: ready(300, {}, { probes: [] }) },
  twice: {
    state: ready(
      300,
      {},
      {
        probes: runInfo(300).probes.map(probe => ({
          ...probe,
          scores: [probe.scores[0], probe.scores.at(-1)],
        })),
      },
    ),
  },
  long: { state: ready(100_000) },
};
