import type { Messenger } from 'vscode-messenger';
import type { WhichRun } from '../../engine/protocol/index.ts';
import {
  ReadOverview,
  ReadSpectrum,
  ReadTokens,
  ReadUpdates,
  ReadWriteParts,
} from '../../engine/protocol/runRequests.ts';
import {
  TimelineOverview,
  TimelineParts,
  TimelineSpectrum,
  TimelineTokens,
  TimelineUpdates,
} from '../../engine/protocol/timelineMessages.ts';
import { failureText } from '../engine/engineFailure.ts';
import type { EngineHost } from '../engine/engineHost.ts';

/**
 * Hands what a page reads on to the engine, about the page's own runs and no others.
 * @param pathOf file of the shown run or of the one compared with it
 */
export function answerReads(
  messenger: Messenger,
  engine: EngineHost,
  pathOf: (which: WhichRun) => string | undefined,
): void {
  const path = (which: WhichRun = 0): string => {
    const found = pathOf(which);
    if (found === undefined) throw new Error('No run is shown.');
    return found;
  };
  /** The page gets the words that the user is to read. */
  const inWords = async <T>(answer: () => Promise<T>): Promise<T> => {
    try {
      return await answer();
    } catch (error) {
      throw new Error(failureText(error));
    }
  };
  messenger.onRequest(TimelineOverview, ({ run, from, to, columns }) =>
    inWords(() => engine.request(ReadOverview, { path: path(run), from, to, columns })),
  );
  messenger.onRequest(TimelineUpdates, ({ run, first, count }) =>
    inWords(() => engine.request(ReadUpdates, { path: path(run), first, count })),
  );
  messenger.onRequest(TimelineTokens, ({ run, first, count }) =>
    inWords(async () => {
      const { first: from, texts } = await engine.request(ReadTokens, { path: path(run), first, count });
      return { first: from, texts };
    }),
  );
  messenger.onRequest(TimelineSpectrum, ({ from, to, level, block }) =>
    inWords(() => engine.compute(ReadSpectrum, { path: path(), from, to, level, block })),
  );
  messenger.onRequest(TimelineParts, ({ update, level, block }) =>
    inWords(() => engine.compute(ReadWriteParts, { path: path(), update, level, block })),
  );
}
