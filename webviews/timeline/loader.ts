import { HOST_EXTENSION } from 'vscode-messenger-common';
import type { Messenger } from 'vscode-messenger-webview';
import {
  TimelineForgetting,
  TimelineInterference,
  TimelineOverview,
  TimelineParts,
  TimelineSpectrum,
  TimelineTokens,
  TimelineUpdates,
} from '../../engine/protocol/timelineMessages.ts';
import { CHUNK, TOKEN_CHUNK } from './runPieces.ts';
import type { Action, ViewState } from './state.ts';
import { type Want, wants } from './wants.ts';

/** Milliseconds between two reads of updates while a run grows, of what condenses all of it, and before what is computed. */
const LIVE_MS = 100;
const LIVE_WHOLE_MS = 1000;
const REST_MS = 300;

const COMPUTED: readonly Want['kind'][] = ['interference', 'spectrum', 'parts'];

type Ask = (want: Want) => Promise<Action>;

/**
 * Reads what the state lacks: of each kind one request at a time, the most urgent first, so that what is no longer
 * wanted when its turn comes is never asked for. Returns what is to be called after every change of the state.
 */
export function loader(ask: Ask, state: () => ViewState, dispatch: (action: Action) => void): () => void {
  const busy = new Set<Want['kind']>();
  const resting = new Map<string, ReturnType<typeof setTimeout>>();
  let wanted: string | undefined;

  const load = async (want: Want): Promise<void> => {
    busy.add(want.kind);
    try {
      dispatch(await ask(want));
      // An answer that does not fill the want would be asked for for ever.
      if (wants(state()).some(({ key }) => key === want.key))
        throw new Error('the run holds less than it says');
    } catch (error) {
      const text = wordsOf(error);
      // What had to give way to a request of the user's is asked for again later.
      if (text !== 'Cancelled.') dispatch({ type: 'problem', key: want.key, text });
    }
    if (state().host.live) {
      const wait = want.kind === 'chunk' || want.kind === 'tokens' ? LIVE_MS : LIVE_WHOLE_MS;
      await new Promise(resolve => setTimeout(resolve, wait));
    }
    busy.delete(want.kind);
    pump();
  };
  /** What is computed has the model to itself. */
  const computing = (): boolean => COMPUTED.some(kind => busy.has(kind));
  /** Asked for when it has been wanted for a while. */
  const rest = (want: Want): void => {
    if (wanted === want.key) return;
    wanted = want.key;
    clearTimeout(resting.get('rest'));
    resting.set(
      'rest',
      setTimeout(() => {
        wanted = undefined;
        const still = wants(state()).find(({ key }) => key === want.key);
        if (still && !computing()) void load(still);
      }, REST_MS),
    );
  };
  const pump = (): void => {
    let slow: Want | undefined;
    for (const want of wants(state())) {
      if (COMPUTED.includes(want.kind)) {
        if (!computing()) slow ??= want;
      } else if (!busy.has(want.kind)) void load(want);
    }
    // What the user has asked for does not wait until the playhead rests.
    if (slow?.kind === 'interference') void load(slow);
    else if (slow) rest(slow);
  };
  return pump;
}

/** Asks the host for pieces. */
export function askHost(messenger: Messenger): Ask {
  return async want => {
    switch (want.kind) {
      case 'chunk': {
        const { run, chunk } = want;
        const params = { run, first: chunk * CHUNK, count: CHUNK };
        const frame = await messenger.sendRequest(TimelineUpdates, HOST_EXTENSION, params);
        return { type: 'chunk', run, chunk, frame };
      }
      case 'tokens': {
        const { run, chunk } = want;
        const params = { run, first: chunk * TOKEN_CHUNK, count: TOKEN_CHUNK };
        const { texts } = await messenger.sendRequest(TimelineTokens, HOST_EXTENSION, params);
        return { type: 'tokens', run, chunk, texts };
      }
      case 'overview':
      case 'whole': {
        const { run, from, to, columns } = want;
        const overview = await messenger.sendRequest(TimelineOverview, HOST_EXTENSION, {
          run,
          from,
          to,
          columns,
        });
        return { type: want.kind, run, overview };
      }
      case 'spectrum': {
        const { from, to, level, block } = want;
        return {
          type: 'spectrum',
          spectrum: await messenger.sendRequest(TimelineSpectrum, HOST_EXTENSION, { from, to, level, block }),
        };
      }
      case 'parts': {
        const { update, level, block } = want;
        return {
          type: 'parts',
          parts: await messenger.sendRequest(TimelineParts, HOST_EXTENSION, { update, level, block }),
        };
      }
      case 'forgetting': {
        const { scores } = want;
        const answer = await messenger.sendRequest(TimelineForgetting, HOST_EXTENSION);
        return { type: 'forgetting', forgetting: { ...answer, scores } };
      }
      case 'interference': {
        const { from, to } = want;
        return {
          type: 'interference',
          interference: await messenger.sendRequest(TimelineInterference, HOST_EXTENSION, { from, to }),
        };
      }
    }
  };
}

/** The messenger rejects with an object that has a message but is no Error. */
function wordsOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
