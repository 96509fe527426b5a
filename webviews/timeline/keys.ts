import type { TimelineCommand, TimelineStep } from '../../engine/protocol/index.ts';

export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  /** Any of control, alt and meta. */
  readonly modified: boolean;
}

const STEPS: Readonly<Record<string, TimelineStep>> = {
  ArrowLeft: 'previous',
  ArrowRight: 'next',
  ArrowUp: 'rowUp',
  ArrowDown: 'rowDown',
  Home: 'first',
  End: 'last',
  '[': 'previousChange',
  ']': 'nextChange',
  ' ': 'play',
  '+': 'zoomIn',
  '=': 'zoomIn',
  '-': 'zoomOut',
  '0': 'zoomReset',
};
const COMMANDS: Readonly<Record<string, TimelineCommand>> = {
  b: 'branchHere',
  m: 'bookmarkUpdate',
  e: 'exportTimeline',
};

/** What a key does anywhere in the view. */
export function keyMeaning({
  key,
  shiftKey,
  modified,
}: Key): { step: TimelineStep } | { command: TimelineCommand } | 'dismiss' | 'memories' | undefined {
  if (modified) return undefined;
  if (key === 'Escape') return 'dismiss';
  if (key.toLowerCase() === 'o') return 'memories';
  if (shiftKey && key === 'ArrowLeft') return { step: 'previousSlow' };
  if (shiftKey && key === 'ArrowRight') return { step: 'nextSlow' };
  if (key in STEPS) return { step: STEPS[key] };
  const command = COMMANDS[key.toLowerCase()];
  return command && { command };
}
