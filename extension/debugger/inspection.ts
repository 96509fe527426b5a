import type { DebugProtocol } from '@vscode/debugprotocol';
import { answer, completions, hoveredToken } from './debugConsole.ts';
import { LEVEL_FRAME, stackFrames } from './frames.ts';
import { Moment } from './moment.ts';
import type { Stepper } from './stepper.ts';
import { scopesOf } from './variables/scopes.ts';
import { VariableTable } from './variables/variableTable.ts';
import type { Walker } from './walker.ts';

/** Answers what a debugger asks about the moment at the cursor. */
export class Inspection {
  readonly #stepper: Stepper;
  readonly #walker: Walker;
  readonly #table = new VariableTable();

  constructor(stepper: Stepper, walker: Walker) {
    this.#stepper = stepper;
    this.#walker = walker;
  }

  /** The training goes on: what was shown is no longer so. */
  forget(): void {
    this.#table.clear();
  }

  /** Body of the answer to a question. @throws Error on a question that is not known */
  async answer(command: string, args: unknown): Promise<object> {
    switch (command) {
      case 'stackTrace': {
        const frames = stackFrames(this.#stepper, this.#walker.inner);
        return { stackFrames: frames, totalFrames: frames.length };
      }
      case 'scopes':
        return { scopes: await this.#scopes(args as DebugProtocol.ScopesArguments) };
      case 'variables': {
        const { variablesReference } = args as DebugProtocol.VariablesArguments;
        return { variables: await this.#table.rows(variablesReference) };
      }
      case 'evaluate':
        return this.#evaluate(args as DebugProtocol.EvaluateArguments);
      case 'completions':
        return { targets: this.#complete(args as DebugProtocol.CompletionsArguments) };
      default:
        throw new Error(`This debugger does not know the request “${command}”.`);
    }
  }

  async dataBreakpointInfo({
    variablesReference,
    name,
  }: DebugProtocol.DataBreakpointInfoArguments): Promise<DebugProtocol.DataBreakpointInfoResponse['body']> {
    const node = variablesReference ? await this.#table.find(variablesReference, name) : undefined;
    if (!node?.dataId) {
      return { dataId: null, description: 'Only a level, a block of it or a tensor can be watched.' };
    }
    return { dataId: node.dataId, description: name, accessTypes: ['write'], canPersist: true };
  }

  async #scopes({ frameId }: DebugProtocol.ScopesArguments): Promise<DebugProtocol.Scope[]> {
    const inner = frameId === LEVEL_FRAME ? this.#walker.inner : undefined;
    return scopesOf(this.#stepper, await this.#moment(), inner).map(scope => this.#table.scope(scope));
  }

  async #evaluate({
    expression,
    context,
  }: DebugProtocol.EvaluateArguments): Promise<DebugProtocol.EvaluateResponse['body']> {
    const moment = await this.#moment();
    const token = context === 'hover' ? await hoveredToken(expression, this.#stepper, moment) : undefined;
    if (!token) return { result: await answer(expression, moment), variablesReference: 0 };
    const { value, variablesReference } = this.#table.row(token);
    return { result: value, variablesReference };
  }

  #complete({ text, column, line = 1 }: DebugProtocol.CompletionsArguments): DebugProtocol.CompletionItem[] {
    // Columns count from 1, and from the start of the line of a text that may have several.
    const before = text
      .split('\n')
      .slice(0, line - 1)
      .join('\n');
    const offset = (before ? before.length + 1 : 0) + column - 1;
    const levels = this.#stepper.run.levels.map(({ id }) => id);
    return completions(text, offset, levels).map(({ label, text: insert, detail, kind, start, length }) => ({
      ...{ label, text: insert, detail, length, start: start + 1 },
      type: kind,
    }));
  }

  async #moment(): Promise<Moment> {
    const { cursor } = this.#stepper;
    const [update] = cursor > 0 ? await this.#stepper.updates(cursor - 1, 1) : [];
    return new Moment(this.#stepper, cursor, update);
  }
}
