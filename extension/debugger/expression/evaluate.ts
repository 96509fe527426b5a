import type { Probe } from '../../../engine/protocol/index.ts';
import type { BinaryOperator, Expression, Value } from './expression.ts';
import { ExpressionError } from './expressionError.ts';
import { LEVEL_METRICS, type LevelMetric, NUMBERS, type NumberName, PROBE_FUNCTIONS } from './names.ts';

/** Where an expression gets its numbers from: one moment of a training. */
export interface Scope {
  number(name: NumberName): number;
  /** Names of the levels, fast to slow. */
  readonly levels: readonly string[];
  readonly blocks: number;
  /** Set where an expression is only checked: both sides of “and” and “or” are then looked at. */
  readonly checking?: boolean;
  /** A number of a level: of one block, or of all together where `block` is undefined. */
  level(metric: LevelMetric, level: string, block: number | undefined): number;
  /** Surprise of a token when it was last read, NaN where it was not. */
  token(token: number): Promise<number>;
  /** Scores a probe on the memory as it is now. */
  probe(probe: Probe): Promise<{ p: number; logp: number; rank: number }>;
}

/** The value of an expression at a moment. @throws ExpressionError that names the column */
export async function evaluate(expression: Expression, scope: Scope): Promise<Value> {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'name':
      return nameValue(expression.name, expression.at, scope);
    case 'call':
      return callValue(expression, scope);
    case 'unary': {
      const { operator, operand } = expression;
      if (operator === 'not') return !(await truth(operand, scope, 'not'));
      const value = await numeric(operand, scope, operator);
      return operator === '-' ? -value : value;
    }
    case 'binary':
      return binaryValue(expression, scope);
    default:
      return expression satisfies never;
  }
}

/** Whether an expression asks for the memory itself and not only for what was recorded of an update. */
export function needsMemory(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return isName(PROBE_FUNCTIONS, expression.name) || expression.operands.some(needsMemory);
    case 'unary':
      return needsMemory(expression.operand);
    case 'binary':
      return needsMemory(expression.left) || needsMemory(expression.right);
    default:
      return false;
  }
}

function nameValue(name: string, at: number, scope: Scope): number {
  if (isName(NUMBERS, name)) return scope.number(name);
  if (isName(LEVEL_METRICS, name)) {
    throw new ExpressionError(`${name} is of a level: write ${name}("${scope.levels[0]}")`, at);
  }
  if (isName(PROBE_FUNCTIONS, name)) throw new ExpressionError(`Write ${name}("answer" | "prompt")`, at);
  throw new ExpressionError(`There is no “${name}”${suggestion(name)}`, at);
}

async function callValue(call: Expression & { kind: 'call' }, scope: Scope): Promise<Value> {
  const { name, operands, at } = call;
  if (isName(LEVEL_METRICS, name)) {
    const [level, block] = operands;
    if (!level || operands.length > 2) {
      throw new ExpressionError(`${name} takes a level and, if you like, a block: ${name}("cms.0", 0)`, at);
    }
    const value = scope.level(name, await levelName(level, scope), block && (await blockIndex(block, scope)));
    return name === 'fired' ? value > 0 : value;
  }
  if (isName(PROBE_FUNCTIONS, name)) {
    const [given] = operands;
    const probe =
      operands.length === 1 && given.kind === 'binary' && given.operator === '|' ? given : undefined;
    if (!probe) throw new ExpressionError(`Write ${name}("answer" | "prompt")`, at);
    const answer = await text(probe.left, scope, 'the answer');
    const prompt = await text(probe.right, scope, 'the prompt');
    if (answer.trim() === '') throw new ExpressionError('The answer is empty', probe.left.at);
    return (await scope.probe({ prompt, answer }))[name];
  }
  if (name === 'token') {
    if (operands.length !== 1) throw new ExpressionError('token takes the number of a token: token(12)', at);
    return scope.token(await numeric(operands[0], scope, 'token'));
  }
  if (name === 'abs') {
    if (operands.length !== 1) throw new ExpressionError('abs takes one number', at);
    return Math.abs(await numeric(operands[0], scope, 'abs'));
  }
  if (isName(NUMBERS, name)) throw new ExpressionError(`${name} takes nothing: write ${name}`, at);
  throw new ExpressionError(`There is no function “${name}”${suggestion(name)}`, at);
}

async function binaryValue(binary: Expression & { kind: 'binary' }, scope: Scope): Promise<Value> {
  const { operator, left, right, at } = binary;
  switch (operator) {
    case 'and':
    case 'or': {
      const first = await truth(left, scope, operator);
      return first === (operator === 'and') || scope.checking ? truth(right, scope, operator) : first;
    }
    case '|':
      throw new ExpressionError('The bar stands in p("answer" | "prompt") only; “or” joins conditions', at);
    case '==':
    case '!=': {
      const a = await evaluate(left, scope);
      const b = await evaluate(right, scope);
      if (typeof a !== typeof b) throw new ExpressionError(`${kindOf(a)} is never ${kindOf(b)}`, left.at);
      return (a === b) === (operator === '==');
    }
    default:
      return arithmetic(
        operator,
        await numeric(left, scope, operator),
        await numeric(right, scope, operator),
      );
  }
}

type Arithmetic = Exclude<BinaryOperator, 'and' | 'or' | '|' | '==' | '!='>;

function arithmetic(operator: Arithmetic, a: number, b: number): Value {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    default:
      return operator satisfies never;
  }
}

async function numeric(expression: Expression, scope: Scope, operator: string): Promise<number> {
  const value = await evaluate(expression, scope);
  if (typeof value === 'number') return value;
  throw new ExpressionError(`${operator} needs a number, not ${kindOf(value)}`, expression.at);
}

async function truth(expression: Expression, scope: Scope, operator: string): Promise<boolean> {
  const value = await evaluate(expression, scope);
  if (typeof value === 'boolean') return value;
  const hint = operator === 'not' ? '; put the comparison in parentheses' : '';
  throw new ExpressionError(`${operator} needs a condition, not ${kindOf(value)}${hint}`, expression.at);
}

async function text(expression: Expression, scope: Scope, what: string): Promise<string> {
  const value = await evaluate(expression, scope);
  if (typeof value === 'string') return value;
  throw new ExpressionError(`${what} must be a text in quotes`, expression.at);
}

async function levelName(expression: Expression, scope: Scope): Promise<string> {
  const level = await text(expression, scope, 'The level');
  if (scope.levels.includes(level)) return level;
  throw new ExpressionError(
    `There is no level “${level}”; the levels are ${scope.levels.join(', ')}`,
    expression.at,
  );
}

async function blockIndex(expression: Expression, scope: Scope): Promise<number> {
  const block = await numeric(expression, scope, 'The block');
  if (Number.isInteger(block) && block >= 0 && block < scope.blocks) return block;
  throw new ExpressionError(
    `There is no block ${block}; blocks go from 0 to ${scope.blocks - 1}`,
    expression.at,
  );
}

function isName<T extends object>(names: T, name: string): name is Extract<keyof T, string> {
  return Object.hasOwn(names, name);
}

function kindOf(value: Value): string {
  if (typeof value === 'number') return 'a number';
  return typeof value === 'boolean' ? 'a condition' : 'a text';
}

/** The known name that a wrong one starts like, if there is one. */
function suggestion(name: string): string {
  const names = [NUMBERS, LEVEL_METRICS, PROBE_FUNCTIONS].flatMap(each => Object.keys(each));
  const near = names.find(known => known.slice(0, 2) === name.slice(0, 2).toLowerCase());
  return near ? `; did you mean ${near}?` : '; “help” in the Debug Console lists what there is';
}
