import type { Expression } from './expression.ts';
import { ExpressionError } from './expressionError.ts';
import { parseExpression } from './parse.ts';

/** A message of a logpoint: text and expressions in turn. */
export type LogMessage = readonly (string | Expression)[];

/** Reads a message with {expressions}; `\{` is a brace. @throws ExpressionError, columns counted in the message */
export function parseLogMessage(text: string): LogMessage {
  const parts: (string | Expression)[] = [];
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && (text[at + 1] === '{' || text[at + 1] === '}')) {
      plain += text[++at];
    } else if (text[at] === '{') {
      const end = closing(text, at);
      if (end < 0) throw new ExpressionError('A brace is not closed', at + 1);
      if (plain) parts.push(plain);
      plain = '';
      parts.push(parseInside(text.slice(at + 1, end), at + 1));
      at = end;
    } else plain += text[at];
  }
  if (plain) parts.push(plain);
  return parts;
}

/** The brace that ends an expression; one in quotes does not. */
function closing(text: string, from: number): number {
  let quote = '';
  for (let at = from + 1; at < text.length; at++) {
    const c = text[at];
    if (quote) {
      if (c === '\\') at++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '}') return at;
  }
  return -1;
}

function parseInside(text: string, offset: number): Expression {
  try {
    return parseExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const plain = error.message.replace(/ \(column \d+\)$/, '');
    throw new ExpressionError(plain, error.column + offset);
  }
}
