const FORM = /^\s*(>=|<=|==|=|>|<|%)?\s*(\d+)\s*$/;

/**
 * Reads how often a breakpoint must be hit before it stops: `5` and `== 5` the fifth time, `>= 3` from the third on,
 * `% 10` every tenth time. @throws Error with a sentence for the user
 */
export function parseHitCondition(text: string): (hits: number) => boolean {
  const match = FORM.exec(text);
  const count = Number(match?.[2]);
  if (!match || !Number.isSafeInteger(count) || (match[1] === '%' && count === 0)) {
    throw new Error(`“${text}” is no hit count. Write 5, >= 3, < 10 or % 10.`);
  }
  switch (match[1]) {
    case '>=':
      return hits => hits >= count;
    case '<=':
      return hits => hits <= count;
    case '>':
      return hits => hits > count;
    case '<':
      return hits => hits < count;
    case '%':
      return hits => hits % count === 0;
    default:
      return hits => hits === count;
  }
}
