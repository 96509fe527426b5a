import type { RunInfo } from '../engine/protocol/runInfo.ts';
import type { RunReader } from '../engine/run/index.ts';
import { readForgetting } from '../engine/session/forgetting.ts';
import { readOverview } from '../engine/session/overviewReading.ts';
import { describeRun, readUpdates } from '../engine/session/runReading.ts';
import { fromTheStart, totalOf } from '../report/extent.ts';
import { PLOT } from '../webviews/timeline/picture.ts';
import { CHUNK } from '../webviews/timeline/runPieces.ts';
import { type Action, initialState, reduce, type ViewState } from '../webviews/timeline/state.ts';
import { type Want, wants } from '../webviews/timeline/wants.ts';

/**
 * A recorded run as the Timeline shows it whole, its playhead at the end; what needs its model is left out.
 * @param unavailable why its states cannot be restored, a sentence
 */
export async function wholeRun(reader: RunReader, unavailable: string | undefined): Promise<ViewState> {
  const info = describeRun(reader, unavailable);
  const run: RunInfo = fromTheStart(info, info.updates > 0 ? reader.update(0) : undefined);
  const host = { phase: 'ready', run, total: totalOf(run), live: false } as const;
  let state = reduce(initialState, { type: 'width', width: PLOT });
  state = reduce(state, { type: 'host', state: host });
  const asked = new Set<string>();
  for (;;) {
    const want = wants(state).find(({ key }) => !asked.has(key));
    if (!want) return state;
    asked.add(want.key);
    const action = await readPiece(reader, want);
    if (action) state = reduce(state, action);
  }
}

async function readPiece(reader: RunReader, want: Want): Promise<Action | undefined> {
  switch (want.kind) {
    case 'chunk': {
      const { kind: type, run, chunk } = want;
      return { type, run, chunk, frame: readUpdates(reader, chunk * CHUNK, CHUNK) };
    }
    case 'overview':
    case 'whole': {
      const { kind: type, run } = want;
      return { type, run, overview: await readOverview(reader, want, () => false) };
    }
    case 'forgetting': {
      const forgetting = await readForgetting([reader.path]);
      return { type: 'forgetting', forgetting: { ...forgetting, scores: want.scores } };
    }
    default:
      return undefined;
  }
}
