import { firedIn, type History } from './history.ts';

/** A move of the cursor along the kept updates. */
export type Step =
  | 'previous'
  | 'next'
  | 'first'
  | 'live'
  /** To the previous or next update in which a slow level fired. */
  | 'previousSlow'
  | 'nextSlow'
  /** To the previous or next update of the selected level. */
  | 'previousChange'
  | 'nextChange'
  /** To an update by its index. */
  | { readonly to: number };

/**
 * The update the cursor stands on after a step, undefined when it follows the newest.
 * @param level Row selected, counted from the fastest level.
 * @param own Levels of the model, behind which the memories of their optimizers come.
 */
export function moveCursor(
  history: History,
  cursor: number | undefined,
  step: Step,
  level: number,
  own = history.levels,
): number | undefined {
  const first = history.updates[0]?.index;
  const last = history.updates.at(-1)?.index;
  if (first === undefined || last === undefined) return undefined;
  const at = cursor ?? last;
  const clamp = (index: number): number | undefined => (index >= last ? undefined : Math.max(first, index));
  if (typeof step === 'object') return clamp(step.to);
  switch (step) {
    case 'previous':
      return clamp(at - 1);
    case 'next':
      return clamp(at + 1);
    case 'first':
      return clamp(first);
    case 'live':
      return undefined;
    case 'previousSlow':
    case 'nextSlow':
    case 'previousChange':
    case 'nextChange': {
      const forward = step.startsWith('next');
      // The slower half of the levels; with one level that level.
      const slow = Array.from({ length: own }, (_, l) => l).slice(Math.ceil(own / 2));
      const wanted = step.endsWith('Slow') && slow.length ? slow : [level];
      const found = seek(history, at, forward ? 1 : -1, wanted);
      return found === undefined ? cursor : clamp(found);
    }
  }
}

function seek(history: History, from: number, by: 1 | -1, levels: readonly number[]): number | undefined {
  const { updates, blocks } = history;
  const first = updates[0].index;
  for (let i = from - first + by; i >= 0 && i < updates.length; i += by) {
    if (levels.some(level => level < history.levels && firedIn(updates[i], blocks, history.levels, level))) {
      return updates[i].index;
    }
  }
  return undefined;
}
