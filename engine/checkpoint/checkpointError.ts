/** A model file or folder that cannot be used: says what is wrong, where, and what to do. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  /**
   * @param path File or folder the fault is in.
   * @param remedy What the user can do, one sentence.
   */
  constructor(
    message: string,
    readonly path: string,
    readonly remedy = 'Choose another model folder, or copy the file again from where it came.',
  ) {
    super(`${path}: ${message}`);
  }
}
