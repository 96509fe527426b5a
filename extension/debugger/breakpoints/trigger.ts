import { checkCondition, checkExpression } from '../expression/check.ts';
import { evaluate, needsMemory, type Scope } from '../expression/evaluate.ts';
import type { Expression } from '../expression/expression.ts';
import { formatValue } from '../expression/format.ts';
import { parseHitCondition } from '../expression/hitCondition.ts';
import { type LogMessage, parseLogMessage } from '../expression/logMessage.ts';
import { parseExpression } from '../expression/parse.ts';

export interface TriggerText {
  readonly condition?: string;
  readonly hitCondition?: string;
  readonly logMessage?: string;
}

type Run = { readonly levels: readonly string[]; readonly blocks: number };

/** Condition, hit count and message of a breakpoint. */
export class Trigger {
  readonly text: TriggerText;
  readonly #condition?: Expression;
  readonly #hitCondition?: (hits: number) => boolean;
  readonly #log?: LogMessage;
  #hits = 0;

  private constructor(text: TriggerText) {
    this.text = text;
    if (text.condition?.trim()) this.#condition = parseExpression(text.condition);
    if (text.hitCondition?.trim()) this.#hitCondition = parseHitCondition(text.hitCondition);
    if (text.logMessage) this.#log = parseLogMessage(text.logMessage);
  }

  /** @throws Error with a sentence for the user on what cannot be read or would never have a value */
  static async read(text: TriggerText, run: Run): Promise<Trigger> {
    const trigger = new Trigger(text);
    if (trigger.#condition) await checkCondition(trigger.#condition, run);
    for (const part of trigger.#log ?? []) if (typeof part !== 'string') await checkExpression(part, run);
    return trigger;
  }

  /** Whether it looks at numbers of an update, which are known only when the update is made. */
  get looksBack(): boolean {
    return this.#condition !== undefined || this.#log !== undefined;
  }

  get needsMemory(): boolean {
    const parts = [this.#condition, ...(this.#log ?? [])];
    return parts.some(part => typeof part === 'object' && needsMemory(part));
  }

  /** Takes the count over from the same breakpoint as it was set before. */
  continueFrom(before: Trigger | undefined): void {
    if (before) this.#hits = before.#hits;
  }

  forgetHits(): void {
    this.#hits = 0;
  }

  async holds(scope: Scope): Promise<boolean> {
    return this.#condition === undefined || (await evaluate(this.#condition, scope)) === true;
  }

  /** Counts a hit. @returns whether the hit count lets it stop */
  count(): boolean {
    this.#hits += 1;
    return this.#hitCondition === undefined || this.#hitCondition(this.#hits);
  }

  /** The message with its numbers; undefined where it has none and the breakpoint stops. */
  async message(scope: Scope): Promise<string | undefined> {
    if (!this.#log) return undefined;
    const parts = await Promise.all(
      this.#log.map(async part =>
        typeof part === 'string' ? part : formatValue(await evaluate(part, scope)),
      ),
    );
    return parts.join('');
  }
}
