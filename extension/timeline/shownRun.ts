import type { RunInfo } from '../../engine/protocol/index.ts';
import { decodeFrame } from '../../engine/protocol/index.ts';
import type { EngineHost } from '../engine/engineHost.ts';

/** A run as a Timeline shows it: its positions counted from the start of the text, also in a branch. */
export async function describeShown(engine: EngineHost, path: string): Promise<RunInfo> {
  const info = await engine.request('DescribeRun', { path });
  if (!info.parent || info.updates === 0) return info;
  const [first] = decodeFrame(await engine.request('ReadUpdates', { path, first: 0, count: 1 }));
  return first ? { ...info, positions: first.position + info.positions } : info;
}

/** Stream positions of all passes, as far as they are known. */
export function totalOf(info: RunInfo): number {
  // A run that was stopped in its first pass has not seen the whole text.
  return Math.max(info.positions, info.tokens * info.options.epochs);
}
