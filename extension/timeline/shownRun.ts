import type { RunInfo } from '../../engine/protocol/index.ts';
import { decodeFrame } from '../../engine/protocol/index.ts';
import { fromTheStart } from '../../report/extent.ts';
import type { EngineHost } from '../engine/engineHost.ts';

/** A run as a Timeline shows it: its positions counted from the start of the text, also in a branch. */
export async function describeShown(engine: EngineHost, path: string): Promise<RunInfo> {
  const info = await engine.request('DescribeRun', { path });
  if (!info.parent || info.updates === 0) return info;
  const [first] = decodeFrame(await engine.request('ReadUpdates', { path, first: 0, count: 1 }));
  return fromTheStart(info, first);
}
