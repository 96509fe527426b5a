/** A pickle that cannot be read, or that must not be. */
export class PickleError extends Error {
  override readonly name = 'PickleError';

  /** @param at byte of the pickle where the fault is */
  constructor(
    message: string,
    readonly at: number,
    /** The bytes ended before the pickle did. */
    readonly short = false,
  ) {
    super(`${message} (byte ${at} of the pickle)`);
  }
}
