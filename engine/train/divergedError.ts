/** A number stopped being finite. The fast state is as it was after the update before. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';

  constructor(
    readonly level: string,
    readonly update: number,
    readonly position: number,
  ) {
    super(`update ${update}, token ${position}: ${level} is no longer finite`);
  }
}
