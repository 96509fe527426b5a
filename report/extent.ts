import type { RunInfo, Update } from '../engine/protocol/index.ts';

/** A run as a Timeline shows it: its positions counted from the start of the text, also in a branch. */
export function fromTheStart(info: RunInfo, first: Update | undefined): RunInfo {
  return info.parent && first ? { ...info, positions: first.position + info.positions } : info;
}

/** Stream positions of all passes, as far as they are known. */
export function totalOf(info: RunInfo): number {
  // A run that was stopped in its first pass has not seen the whole text.
  return Math.max(info.positions, info.tokens * info.options.epochs);
}
