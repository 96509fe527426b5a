import type { LevelsCommand } from '../../engine/protocol/index.ts';
import type { Action } from './state.ts';

export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  /** Any of control, alt and meta. */
  readonly modified: boolean;
}

/** What a key does anywhere in the view: an action, or a command for the host. */
export function keyMeaning({
  key,
  shiftKey,
  modified,
}: Key): Action | { command: LevelsCommand } | undefined {
  if (modified) return undefined;
  switch (key) {
    case 'ArrowLeft':
      return { type: 'step', step: shiftKey ? 'previousSlow' : 'previous' };
    case 'ArrowRight':
      return { type: 'step', step: shiftKey ? 'nextSlow' : 'next' };
    case 'Home':
      return { type: 'step', step: 'first' };
    case 'End':
      return { type: 'step', step: 'live' };
    case '[':
      return { type: 'step', step: 'previousChange' };
    case ']':
      return { type: 'step', step: 'nextChange' };
    case '+':
    case '=':
      return { type: 'zoom', by: 1 };
    case '-':
      return { type: 'zoom', by: -1 };
    case '0':
      return { type: 'zoom', by: 0 };
    case 'Escape':
      return { type: 'dismissCard' };
    case 'e':
    case 'E':
      return { command: 'export' };
    default:
      return undefined;
  }
}
