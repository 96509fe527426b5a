import { ownLevels } from '../../engine/protocol/index.ts';
import { visibleText } from '../decorations/markdown.ts';
import { evaluate, type Scope } from './expression/evaluate.ts';
import { formatNumber, formatValue } from './expression/format.ts';
import { helpText, LEVEL_METRICS, NUMBERS, PROBE_FUNCTIONS } from './expression/names.ts';
import { parseExpression } from './expression/parse.ts';
import { type Moment, overBlocks } from './moment.ts';
import type { Stepper } from './stepper.ts';
import type { VariableNode } from './variables/node.ts';

/** The value of an expression, or "help". @throws ExpressionError */
export async function answer(text: string, scope: Scope): Promise<string> {
  if (text.trim() === 'help') return helpText(scope.levels);
  return formatValue(await evaluate(parseExpression(text), scope));
}

/** The token that a hover's expression names, `token(12)`; the editor makes it of the place under the pointer. */
const HOVERED = /^token\((\d+)\)$/;

/** Numbers of a token as its newest reading left them; undefined for any other expression. */
export async function hoveredToken(
  text: string,
  stepper: Stepper,
  moment: Moment,
): Promise<VariableNode | undefined> {
  const token = Number(HOVERED.exec(text)?.[1] ?? Number.NaN);
  if (!(token < stepper.places.tokens)) return undefined;
  const name = `“${visibleText(stepper.places.textOf(token))}” token ${token}`;
  const index = stepper.places.updateReading(token, stepper.cursor);
  const [update] = index === undefined ? [] : await stepper.updates(index, 1);
  if (index === undefined || !update) return { name, value: `${name}: not read yet` };
  const surprise = await moment.token(token);
  const { run } = stepper;
  return {
    name,
    value: `${name}: surprise ${formatNumber(surprise)} nats in update ${index + 1}`,
    children: () =>
      ownLevels(run.levels).map(({ id }): VariableNode => {
        const of = (metric: 'fired' | 'rho' | 'lss' | 'drift') => overBlocks(run, update, metric, id);
        const fired = of('fired') > 0 ? `updated, ρ ${formatNumber(of('rho'))}, ` : '';
        return {
          name: id,
          value: `${fired}LSS ${formatNumber(of('lss'))}, drift ${formatNumber(of('drift'))}`,
        };
      }),
  };
}

export interface Completion {
  readonly label: string;
  readonly text: string;
  readonly detail: string;
  readonly kind: 'function' | 'variable' | 'keyword' | 'value';
  /** The typed piece that it replaces, in characters from the start. */
  readonly start: number;
  readonly length: number;
}

/** What may stand where the cursor is. @param column characters before it */
export function completions(text: string, column: number, levels: readonly string[]): Completion[] {
  const typed = text.slice(0, column);
  const quoted = /\(\s*(["'])([\w.]*)$/.exec(typed);
  if (quoted) {
    const [, quote, name] = quoted;
    return levels
      .filter(level => level.startsWith(name))
      .map(level => ({
        ...{ label: level, text: `${level}${quote}`, detail: 'level', kind: 'value' as const },
        ...{ start: typed.length - name.length, length: name.length },
      }));
  }
  const word = /[A-Za-z_]*$/.exec(typed)?.[0] ?? '';
  const place = { start: typed.length - word.length, length: word.length };
  const entries = (names: object, kind: Completion['kind'], insert: (name: string) => string) =>
    Object.entries(names).map(([label, detail]) => ({ label, text: insert(label), detail, kind, ...place }));
  const all = [
    ...entries(NUMBERS, 'variable', name => name),
    ...entries(LEVEL_METRICS, 'function', name => `${name}("`),
    ...entries(PROBE_FUNCTIONS, 'function', name => `${name}("`),
    ...entries(
      { token: 'surprise of a token', abs: 'a number without its sign' },
      'function',
      name => `${name}(`,
    ),
    ...entries({ help: 'what can be asked' }, 'keyword', name => name),
  ];
  return all.filter(({ label }) => label.toLowerCase().startsWith(word.toLowerCase()));
}
