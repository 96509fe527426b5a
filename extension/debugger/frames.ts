import type { DebugProtocol } from '@vscode/debugprotocol';
import { grouped } from '../training/figures.ts';
import type { Stepper } from './stepper.ts';
import type { Place, Tick } from './tokenPlaces.ts';

/** Frames of the call stack: the update and, where one was stepped into, the level that it wrote. */
export const UPDATE_FRAME = 1;
export const LEVEL_FRAME = 2;

/**
 * The stack at the cursor, the innermost frame first. Its place is that of the tokens that come next; inside an
 * update, that of the tokens it read.
 * @param inner the level that was stepped into
 */
export function stackFrames(stepper: Stepper, inner?: string): DebugProtocol.StackFrame[] {
  const { cursor, places } = stepper;
  const index = inner ? cursor - 1 : cursor;
  const tick = places.tickOf(index);
  if (!tick) return [frame(stepper, UPDATE_FRAME, `end, ${count(cursor, 'update')}`, endOf(stepper))];
  const place = places.placeOf(tick);
  const update = frame(stepper, UPDATE_FRAME, tickName(index, tick), place);
  return inner ? [frame(stepper, LEVEL_FRAME, levelName(stepper, inner, tick), place), update] : [update];
}

/** "update 203, tokens 812 to 815, pass 2": updates and passes count from 1, tokens from 0. */
function tickName(index: number, { first, count: tokens, pass }: Tick): string {
  const last = first + tokens - 1;
  const read = tokens === 1 ? `token ${grouped(first)}` : `tokens ${grouped(first)} to ${grouped(last)}`;
  return `update ${grouped(index + 1)}, ${read}, pass ${grouped(pass + 1)}`;
}

function levelName({ run }: Stepper, level: string, tick: Tick): string {
  const { period } = run.levels.find(({ id }) => id === level)!;
  const end = tick.position + tick.count;
  const start = end - (end % period || period);
  return `${level} writes what it read in positions ${grouped(start)} to ${grouped(end - 1)}`;
}

function endOf({ places }: Stepper): Place | undefined {
  const last = places.placeOf({ first: 0, count: places.tokens });
  return last && { ...last, line: last.endLine, column: last.endColumn };
}

function frame({ run }: Stepper, id: number, name: string, place?: Place): DebugProtocol.StackFrame {
  const { path, name: file } = run.source;
  return { id, name, source: { name: file, path }, ...(place ?? { line: 1, column: 1 }) };
}

function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
