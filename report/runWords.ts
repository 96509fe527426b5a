import type { BranchChange, RunInfo } from '../engine/protocol/index.ts';

/** What a run is in: `live` while this window's training writes it. */
export type RunState = RunInfo['status'] | 'live';

const WORDS: Readonly<Record<RunState, string>> = {
  live: 'training',
  running: 'interrupted',
  finished: 'finished',
  cancelled: 'stopped',
  failed: 'failed',
};

export const stateWords = (state: RunState): string => WORDS[state];

/** What a branch did, as a clause. */
export function changeText(change: BranchChange): string {
  switch (change.kind) {
    case 'replay': {
      const rates = Object.entries(change.learningRates);
      if (rates.length === 0) return 'the rest of the text again';
      return rates
        .map(([level, rate]) => (rate === 0 ? `${level} frozen` : `${level} at rate ${rate}`))
        .join(', ');
    }
    case 'revert':
      return `${change.level} back to update ${change.from}`;
    case 'scale':
      return `${change.level} since update ${change.from} times ${change.factor}`;
    case 'truncate':
      return `${change.level} since update ${change.from} cut to rank ${change.rank}`;
    case 'damp':
      return `intruder dimensions of ${change.level} since update ${change.from} times ${change.factor}`;
  }
}
