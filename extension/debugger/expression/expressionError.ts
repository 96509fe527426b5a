/** An expression that cannot be read or has no value. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** Where in the expression, from 1. */
  readonly column: number;

  constructor(message: string, column: number) {
    super(`${message} (column ${column})`);
    this.column = column;
  }
}
