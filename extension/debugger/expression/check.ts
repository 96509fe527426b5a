import { evaluate } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { ExpressionError } from './expressionError.ts';

/** Refuses what would be wrong at any moment: a name or level that is not there, a number where a condition must be. */
export async function checkCondition(
  expression: Expression,
  run: { readonly levels: readonly string[]; readonly blocks: number },
): Promise<void> {
  if (typeof (await checkExpression(expression, run)) === 'boolean') return;
  throw new ExpressionError('A condition is true or false, as in surprise > 6', expression.at);
}

/** Refuses what would be wrong at any moment. @returns a value of the kind that the expression will have */
export function checkExpression(
  expression: Expression,
  { levels, blocks }: { readonly levels: readonly string[]; readonly blocks: number },
) {
  return evaluate(expression, {
    checking: true,
    levels,
    blocks,
    number: () => 0,
    level: () => 0,
    token: async () => 0,
    probe: async () => ({ p: 0, logp: 0, rank: 1 }),
  });
}
