import * as vscode from 'vscode';
import type { Messenger } from 'vscode-messenger';
import type { Probe, WhichRun } from '../../engine/protocol/index.ts';
import {
  TimelineForgetting,
  TimelineInterference,
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
 * @param probesOf probes of the shown run
 */
export function answerReads(
  messenger: Messenger,
  engine: EngineHost,
  pathOf: (which: WhichRun) => string | undefined,
  probesOf: () => readonly Probe[],
): Computing {
  const computing = new Computing();
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
    inWords(() => engine.request('ReadOverview', { path: path(run), from, to, columns })),
  );
  messenger.onRequest(TimelineUpdates, ({ run, first, count }) =>
    inWords(() => engine.request('ReadUpdates', { path: path(run), first, count })),
  );
  messenger.onRequest(TimelineTokens, ({ run, first, count }) =>
    inWords(async () => {
      const { first: from, texts } = await engine.request('ReadTokens', { path: path(run), first, count });
      return { first: from, texts };
    }),
  );
  messenger.onRequest(TimelineSpectrum, ({ from, to, level, block }) =>
    inWords(() =>
      computing.run(token => engine.compute('ReadSpectrum', { path: path(), from, to, level, block }, token)),
    ),
  );
  messenger.onRequest(TimelineParts, ({ update, level, block }) =>
    inWords(() =>
      computing.run(token => engine.compute('ReadWriteParts', { path: path(), update, level, block }, token)),
    ),
  );
  messenger.onRequest(TimelineForgetting, () =>
    inWords(() => engine.request('ReadForgetting', { paths: [path()] })),
  );
  messenger.onRequest(TimelineInterference, ({ from, to }) =>
    inWords(() =>
      computing.run(async token => {
        const probes = probesOf().map(({ prompt, answer }) => ({ prompt, answer }));
        const request = { path: path(), from, to, probes };
        return { from, to, probes, report: await engine.compute('ReadInterference', request, token) };
      }),
    ),
  );
  return computing;
}

/** What the engine computes for a page unasked, which gives way to what the user asks for. */
export class Computing {
  readonly #running = new Map<vscode.CancellationTokenSource, Promise<unknown>>();

  async run<T>(work: (token: vscode.CancellationToken) => Promise<T>): Promise<T> {
    const source = new vscode.CancellationTokenSource();
    const result = work(source.token);
    this.#running.set(source, result);
    try {
      return await result;
    } finally {
      this.#running.delete(source);
      source.dispose();
    }
  }

  /** Resolves when nothing is computed any more. */
  async stop(): Promise<void> {
    const running = [...this.#running];
    for (const [source] of running) source.cancel();
    await Promise.allSettled(running.map(([, result]) => result));
  }
}
