import { describe, expect, it } from 'vitest';
import { checkCondition } from '../../extension/debugger/expression/check.ts';
import { evaluate, needsMemory, type Scope } from '../../extension/debugger/expression/evaluate.ts';
import { formatValue } from '../../extension/debugger/expression/format.ts';
import { parseHitCondition } from '../../extension/debugger/expression/hitCondition.ts';
import { parseLogMessage } from '../../extension/debugger/expression/logMessage.ts';
import { parseExpression } from '../../extension/debugger/expression/parse.ts';

const run = { levels: ['memory', 'cms.0'], blocks: 2 };
const scope: Scope = {
  ...run,
  number: name => ({ surprise: 7, loss: 2, update: 12, token: 4, pass: 1, position: 4 })[name],
  level: (metric, level, block) => {
    if (metric === 'fired') return level === 'memory' ? 1 : 0;
    if (metric === 'eta' && level === 'cms.0') return Number.NaN;
    return (block ?? 10) / 100;
  },
  token: async token => token / 2,
  probe: async ({ prompt, answer }) => ({ p: answer.length / 10, logp: -1, rank: prompt.length }),
};
const value = async (text: string) => evaluate(parseExpression(text), scope);
const refusal = async (text: string) => {
  try {
    await checkCondition(parseExpression(text), run);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

describe('expressions', () => {
  it.each([
    ['surprise > 6', true],
    ['1 + 2 * 3 - 4 / 2', 5],
    ['(1 + 2) * 3 % 5', 4],
    ['-update + 2', -10],
    ["fired('memory') and not fired('cms.0')", true],
    ['surprise > 8 or loss <= 2', true],
    ['surprise > 8 || loss < 2 && true', false],
    ['drift("cms.0") > 0.02', true],
    ['drift("cms.0", 1)', 0.01],
    ['eta("cms.0") > 0', false],
    ['eta("cms.0") < 1', false],
    ['token', 4],
    ['token(9)', 4.5],
    ['abs(loss - surprise)', 5],
    ['p("Lisbon" | "Mira was born in")', 0.6],
    ['rank("a" | "four")', 4],
    ['"a" == "a"', true],
    ['pass != 1', false],
    ['not (surprise > 8)', true],
  ])('%s is %s', async (text, expected) => {
    expect(await value(text)).toEqual(expected);
  });

  it.each([
    ['', 'There is no expression (column 1)'],
    ['suprise > 6', 'There is no “suprise”; did you mean surprise? (column 1)'],
    ['loss > 1 and suprise > 6', 'There is no “suprise”; did you mean surprise? (column 14)'],
    [
      'surprise > 6 and drift("cms.9") > 1',
      'There is no level “cms.9”; the levels are memory, cms.0 (column 24)',
    ],
    ['false and drift("cms.9") > 1', 'There is no level “cms.9”; the levels are memory, cms.0 (column 17)'],
    ['surprise = 6', 'Two equal signs compare: write == (column 10)'],
    ['surprise', 'A condition is true or false, as in surprise > 6 (column 1)'],
    ['not surprise > 6', 'not needs a condition, not a number; put the comparison in parentheses (column 5)'],
    ['drift > 0.1', 'drift is of a level: write drift("memory") (column 1)'],
    ['drift(cms.0) > 1', 'A level is named in quotes, as in drift("cms.0")'],
    ['drift("cms.0", 2) > 1', 'There is no block 2; blocks go from 0 to 1 (column 16)'],
    ['surprise > 6 loss', 'An operator is missing (column 14)'],
    ['surprise >', 'Expected expression after > (column 11)'],
    ['(surprise > 6', 'Unclosed ( (column 14)'],
    ['loss | 2', 'The bar stands in p("answer" | "prompt") only; “or” joins conditions (column 1)'],
    ['p("Lisbon") > 1', 'Write p("answer" | "prompt") (column 1)'],
    ['p("" | "x") > 1', 'The answer is empty (column 3)'],
    ['loss and true', 'and needs a condition, not a number (column 1)'],
    ['loss == "2"', 'a number is never a text (column 1)'],
    [
      'constructor > 1',
      'There is no “constructor”; “help” in the Debug Console lists what there is (column 1)',
    ],
    ['toString() > 1', 'There is no function “toString”'],
    ['fired.constructor("return process")()', 'Only a name can be called (column 1)'],
    ['this > 1', 'This cannot stand in an expression (column 1)'],
    ['[1, 2] == 1', 'This cannot stand in an expression (column 1)'],
    ['loss ** 2 > 1', 'There is no operator ** (column 1)'],
    [`loss > ${'1'.repeat(1000)}`, 'An expression has at most 1000 characters (column 1001)'],
  ])('%s is refused: %s', async (text, expected) => {
    expect(await refusal(text)).toContain(expected);
  });

  it('know which ask for the memory itself', () => {
    expect(needsMemory(parseExpression('surprise > 6 and p("a" | "b") > 0.5'))).toBe(true);
    expect(needsMemory(parseExpression('surprise > 6 and fired("cms.0")'))).toBe(false);
  });

  it('are shown with six significant digits, and n/a where a number does not apply', () => {
    expect([1 / 3, 1e-9, Number.NaN, true, 'a'].map(formatValue)).toEqual([
      ...['0.333333', '1e-9', 'n/a', 'true', '"a"'],
    ]);
  });
});

describe('hit counts', () => {
  it.each([
    ['3', [3]],
    ['== 3', [3]],
    ['>= 3', [3, 4, 5, 6]],
    ['> 4', [5, 6]],
    ['< 3', [1, 2]],
    ['<=2', [1, 2]],
    ['% 2', [2, 4, 6]],
  ])('%s stops at %s', (text, expected) => {
    const holds = parseHitCondition(text);
    expect([1, 2, 3, 4, 5, 6].filter(holds)).toEqual(expected);
  });

  it.each(['x', '% 0', '3.5', '>', '-1'])('%s is refused', text => {
    expect(() => parseHitCondition(text)).toThrow('is no hit count');
  });
});

describe('log messages', () => {
  it('take expressions in braces, and braces behind a backslash as they are', () => {
    const parts = parseLogMessage('s={surprise} \\{x\\} {p("}" | "a")}!');
    expect(parts.map(part => (typeof part === 'string' ? part : part.kind))).toEqual([
      ...['s=', 'name', ' {x} ', 'call', '!'],
    ]);
  });

  it('count columns in the message', () => {
    expect(() => parseLogMessage('at {update} {1 +}')).toThrow('(column 17)');
    expect(() => parseLogMessage('at {update')).toThrow('A brace is not closed (column 4)');
  });
});
