import jsep from 'jsep';
import type { BinaryOperator, Expression, UnaryOperator } from './expression.ts';
import { ExpressionError } from './expressionError.ts';

/** Operators as they may be written, and what they mean. */
const BINARY: Readonly<Record<string, BinaryOperator>> = {
  ...{ or: 'or', '||': 'or', and: 'and', '&&': 'and', '==': '==', '===': '==', '!=': '!=', '!==': '!=' },
  ...{
    '<': '<',
    '<=': '<=',
    '>': '>',
    '>=': '>=',
    '+': '+',
    '-': '-',
    '*': '*',
    '/': '/',
    '%': '%',
    '|': '|',
  },
};
const UNARY: Readonly<Record<string, UnaryOperator>> = { '-': '-', '+': '+', not: 'not', '!': 'not' };

/** Longer text is no condition that a person wrote; it also bounds how deep a tree can nest. */
const LONGEST = 1000;

// The parser keeps its operators in one place for the whole program; nothing else here uses it.
jsep.addBinaryOp('or', 1);
jsep.addBinaryOp('and', 2);
jsep.addUnaryOp('not');

// It tells no positions, so every token's first character is noted while it is read.
const open = new WeakMap<object, number[]>();
const starts = new WeakMap<object, number>();
jsep.hooks.add('gobble-token', function (token) {
  open.set(this, [...(open.get(this) ?? []), this.index]);
  // It would leave out the second hook for a number.
  if (/[\d.]/.test(this.char)) token.node = this.gobbleNumericLiteral();
});
jsep.hooks.add('after-token', function ({ node }) {
  const start = open.get(this)?.pop();
  if (node && start !== undefined && !starts.has(node)) starts.set(node, start);
});

/** Reads an expression; nothing of it is run. @throws ExpressionError with the column of what cannot be read */
export function parseExpression(text: string): Expression {
  if (text.trim() === '') throw new ExpressionError('There is no expression', 1);
  if (text.length > LONGEST) {
    throw new ExpressionError(`An expression has at most ${LONGEST} characters`, LONGEST + 1);
  }
  let node: jsep.Expression;
  try {
    node = jsep(text);
  } catch (error) {
    const { description, index, message } = error as Error & { description?: string; index?: number };
    throw new ExpressionError(sentence(text, description ?? message, index), (index ?? 0) + 1);
  }
  return convert(node as jsep.CoreExpression);
}

function sentence(text: string, description: string, index = 0): string {
  if (/\(\s*cms\.\d*$/.test(text.slice(0, index))) return 'A level is named in quotes, as in drift("cms.0")';
  return text[index] === '=' ? 'Two equal signs compare: write ==' : description;
}

function convert(node: jsep.CoreExpression): Expression {
  const at = columnOf(node);
  const inner = (child: jsep.Expression) => convert(child as jsep.CoreExpression);
  switch (node.type) {
    case 'Literal': {
      const { value } = node;
      if (typeof value === 'object') throw new ExpressionError(`“${node.raw}” has no meaning here`, at);
      return { kind: 'literal', value, at };
    }
    case 'Identifier':
      return { kind: 'name', name: node.name, at };
    case 'CallExpression': {
      const callee = node.callee as jsep.CoreExpression;
      if (callee.type !== 'Identifier') throw new ExpressionError('Only a name can be called', at);
      return { kind: 'call', name: callee.name, operands: node.arguments.map(inner), at };
    }
    case 'UnaryExpression': {
      const operator = UNARY[node.operator];
      if (!operator) throw new ExpressionError(`There is no operator ${node.operator}`, at);
      return { kind: 'unary', operator, operand: inner(node.argument), at };
    }
    case 'BinaryExpression': {
      const operator = BINARY[node.operator];
      if (!operator) throw new ExpressionError(`There is no operator ${node.operator}`, at);
      return { kind: 'binary', operator, left: inner(node.left), right: inner(node.right), at };
    }
    case 'Compound': {
      const second = node.body[1] as jsep.CoreExpression | undefined;
      throw new ExpressionError('An operator is missing', second ? columnOf(second) : at);
    }
    case 'MemberExpression':
      throw new ExpressionError('A level is named in quotes, as in drift("cms.0")', at);
    default:
      throw new ExpressionError('This cannot stand in an expression', at);
  }
}

/** A binary expression starts where its left side does; a call where its name does. */
function columnOf(node: jsep.Expression): number {
  const start = starts.get(node);
  if (start !== undefined) return start + 1;
  const first = node.left ?? node.callee ?? node.object;
  return first ? columnOf(first as jsep.Expression) : 1;
}
