import util from 'node:util';

/**
 * The native backend calls two functions of Node's `util` in every operation: `isNullOrUndefined`, which Node 23
 * removed, and `isArray`, which warns of its own removal (tfjs issue 8609).
 */
export function shimNodeUtil(): void {
  const functions = util as unknown as Record<string, (value: unknown) => boolean>;
  functions.isNullOrUndefined = value => value === null || value === undefined;
  functions.isArray = Array.isArray;
}
