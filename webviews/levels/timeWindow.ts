import type { Update } from '../../engine/protocol/index.ts';
import type { TimeSpan } from '../charts/columns.ts';
import { endOf, newest, updateAt } from './history.ts';
import { liveEdge, type ViewState } from './state.ts';

/** The stretch of the stream that all tracks show. */
export function timeWindow(state: ViewState): TimeSpan {
  const to = state.cursor === undefined ? liveEdge(state) : state.edge;
  return { from: to - state.span, to };
}

/** The update whose numbers are shown: the cursor's, else the newest. */
export function shownUpdate(state: ViewState): Update | undefined {
  return state.cursor === undefined ? newest(state.history) : updateAt(state.history, state.cursor);
}

/** Kept updates that reach into a window. */
export function updatesIn(updates: readonly Update[], { from, to }: TimeSpan): readonly Update[] {
  const start = bisect(updates, update => endOf(update) > from);
  const end = bisect(updates, update => update.position >= to);
  return updates.slice(start, end);
}

/** The kept update that read a token, or the nearest one. */
export function updateOfToken(updates: readonly Update[], token: number): Update | undefined {
  return updates[
    Math.min(
      updates.length - 1,
      bisect(updates, update => endOf(update) > token),
    )
  ];
}

/** First place at which `reached` holds; it holds for all after it. */
function bisect(updates: readonly Update[], reached: (update: Update) => boolean): number {
  let low = 0;
  let high = updates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reached(updates[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Tokens of one pass over the text, undefined when the host does not say. */
export function passTokens(state: ViewState): number | undefined {
  const run = state.host.run;
  const tokens: unknown = run && 'tokens' in run ? run.tokens : undefined;
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : undefined;
}

/** Where the passes after the first begin inside a window. */
export function passesIn(state: ViewState, { from, to }: TimeSpan): { position: number; pass: number }[] {
  const tokens = passTokens(state);
  const total = state.host.run?.total ?? 0;
  if (tokens === undefined) return [];
  const passes: { position: number; pass: number }[] = [];
  for (let p = Math.max(1, Math.ceil(from / tokens)); p * tokens < Math.min(to, total); p++) {
    passes.push({ position: p * tokens, pass: p + 1 });
    // Passes shorter than a few pixels would print over one another.
    if (passes.length > 4) return [];
  }
  return passes;
}
