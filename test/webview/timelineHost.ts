import type { RequestMessage } from 'vscode-messenger-common';
import type { Frame, RunInfo, RunOverview, WhichRun } from '../../engine/protocol/index.ts';
import {
  TimelineForgetting,
  TimelineInterference,
  TimelineOverview,
  TimelineParts,
  TimelineReady,
  TimelineSpectrum,
  TimelineStateMessage,
  TimelineTokens,
  TimelineUpdates,
} from '../../engine/protocol/timelineMessages.ts';
import type { FakeHost } from './fakeHost.ts';
import {
  forgettingIn,
  frameOf,
  interferenceIn,
  overviewOf,
  partsOf,
  spectrumOf,
  tokensOf,
} from './syntheticRun.ts';
import type { TimelineScene } from './timelineScenes.ts';

interface Params {
  readonly run: WhichRun;
  readonly first: number;
  readonly count: number;
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly update: number;
  readonly level: string;
  readonly block: number;
}

/** Plays the host of a Timeline: sends the scene's state and answers what the page reads from made-up numbers. */
export function timelineHost(
  host: FakeHost,
  scene: TimelineScene,
): { prepare(from: number, to: number, columns: number): void } {
  const overviews = new Map<string, RunOverview>();
  const overview = (which: WhichRun, from: number, to: number, columns: number): RunOverview => {
    const key = [which, from, to, columns].join();
    const run = which === 0 ? scene.state.run! : scene.state.other!;
    const found = overviews.get(key) ?? overviewOf(run, from, to, columns);
    overviews.set(key, found);
    return found;
  };
  const frames = new Map<number, Frame>();
  const updates = (run: RunInfo, first: number, count: number): Frame => {
    const found = frames.get(first) ?? frameOf(run, first, count);
    // Short ones are of a run that grows.
    if (found.count === count) frames.set(first, found);
    return found;
  };
  host.onMessage(message => {
    if (!('method' in message)) return;
    if (message.method === TimelineReady.method) host.notify(TimelineStateMessage.method, scene.state);
    const { id, params } = message as RequestMessage & { params: Params };
    if (id === undefined) return;
    const result = answer(message.method as string, params);
    // As the engine's: in a later turn.
    if (result !== undefined) setTimeout(() => host.answer(id, structuredClone(result)));
  });
  const answer = (method: string, p: Params): unknown => {
    const run = p?.run === 1 ? scene.state.other : scene.state.run;
    if (!run) return undefined;
    switch (method) {
      case TimelineOverview.method:
        return overview(p.run, p.from, p.to, p.columns);
      case TimelineUpdates.method:
        return updates(run, p.first, p.count);
      case TimelineTokens.method:
        return tokensOf(run, p.first, p.count);
      case TimelineSpectrum.method:
        return spectrumOf(p.from, p.to, p.level, p.block);
      case TimelineParts.method:
        return partsOf(p.update, p.level, p.block);
      case TimelineForgetting.method:
        return forgettingIn(run);
      case TimelineInterference.method:
        return interferenceIn(run, p.from, p.to);
      default:
        return undefined;
    }
  };
  return {
    prepare(from, to, columns) {
      overview(0, from, to, columns);
      const { updates: count } = scene.state.run!;
      for (let chunk = Math.floor((count - 1) / 256); chunk >= 0 && chunk * 256 > count - 1600; chunk--) {
        updates(scene.state.run!, chunk * 256, 256);
      }
    },
  };
}
