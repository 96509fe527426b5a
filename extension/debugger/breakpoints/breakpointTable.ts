import type { DebugProtocol } from '@vscode/debugprotocol';
import { ExpressionError } from '../expression/expressionError.ts';
import { formatNumber } from '../expression/format.ts';
import type { Moment } from '../moment.ts';
import type { Stepper } from '../stepper.ts';
import type { Tick } from '../tokenPlaces.ts';
import { type DataBreakpoint, readDataId, watchedName, wrote } from './dataBreakpoint.ts';
import type { Hit } from './hit.ts';
import { LineBreakpoint } from './lineBreakpoint.ts';
import { TensorChanges } from './tensorChanges.ts';
import { Trigger, type TriggerText } from './trigger.ts';

/** Surprise from which the exception filter stops when it names no number, nats. */
export const SURPRISING = 6;

interface AnywhereBreakpoint {
  readonly id: number;
  readonly name: string;
  readonly trigger: Trigger;
}

/** All breakpoints of a session: on lines, on conditions anywhere, on data, on surprise and divergence. */
export class BreakpointTable {
  readonly #stepper: Stepper;
  readonly #print: (text: string) => void;
  readonly #tensors: TensorChanges;
  #lines: LineBreakpoint[] = [];
  #anywhere: AnywhereBreakpoint[] = [];
  #data: DataBreakpoint[] = [];
  #surprise?: number;
  #diverged = true;
  #nextId = 1;

  /** @param print writes a line to the Debug Console */
  constructor(stepper: Stepper, print: (text: string) => void) {
    this.#stepper = stepper;
    this.#print = print;
    this.#tensors = new TensorChanges(stepper);
  }

  /** Whether every update must be looked at with the memory as it was then. */
  get needsMemory(): boolean {
    return (
      this.#data.some(({ watched }) => watched.tensor) ||
      [...this.#lines, ...this.#anywhere, ...this.#data].some(({ trigger }) => trigger?.needsMemory)
    );
  }

  /** Whether a training that diverges stops in the debugger, in place of ending. */
  get stopsOnDivergence(): boolean {
    return this.#diverged;
  }

  async setLines(asked: readonly DebugProtocol.SourceBreakpoint[]): Promise<DebugProtocol.Breakpoint[]> {
    const before = this.#lines;
    this.#lines = [];
    for (const { line, column, condition, hitCondition, logMessage } of asked) {
      const trigger = await this.#trigger({ condition, hitCondition, logMessage });
      const breakpoint = new LineBreakpoint(this.#nextId++, { line, column }, trigger);
      const old = before.find(({ key }) => key === breakpoint.key);
      breakpoint.trigger?.continueFrom(old?.trigger);
      breakpoint.resolve(this.#stepper.places);
      this.#lines.push(breakpoint);
    }
    return this.#lines.map(breakpoint => breakpoint.describe(this.#stepper.places.complete));
  }

  /** Finds places for breakpoints that waited for more of the text. @returns those that have one now */
  resolveLines(): DebugProtocol.Breakpoint[] {
    const waiting = this.#lines.filter(({ verified }) => !verified);
    for (const breakpoint of waiting) breakpoint.resolve(this.#stepper.places);
    return waiting.filter(({ verified }) => verified).map(breakpoint => breakpoint.describe(true));
  }

  /** A function breakpoint is a condition that stops anywhere; its name is the condition. */
  async setAnywhere(asked: readonly DebugProtocol.FunctionBreakpoint[]): Promise<DebugProtocol.Breakpoint[]> {
    this.#anywhere = [];
    return Promise.all(
      asked.map(async ({ name, condition, hitCondition }) => {
        const id = this.#nextId++;
        const both = condition?.trim() ? `(${name}) and (${condition})` : name;
        const trigger = await this.#trigger({ condition: both, hitCondition });
        if (typeof trigger === 'string') return { id, verified: false, message: trigger };
        this.#anywhere.push({ id, name, trigger });
        return { id, verified: true };
      }),
    );
  }

  async setData(asked: readonly DebugProtocol.DataBreakpoint[]): Promise<DebugProtocol.Breakpoint[]> {
    this.#data = [];
    if (asked.length === 0) return [];
    const tensors = await this.#stepper.describe();
    return Promise.all(
      asked.map(async ({ dataId, condition, hitCondition }) => {
        const id = this.#nextId++;
        const watched = readDataId(dataId, this.#stepper.run, tensors);
        if (typeof watched === 'string') return { id, verified: false, message: watched };
        const trigger = await this.#trigger({ condition, hitCondition });
        if (typeof trigger === 'string') return { id, verified: false, message: trigger };
        this.#data.push({ id, dataId, watched, trigger });
        return { id, verified: true };
      }),
    );
  }

  setExceptions({
    filters,
    filterOptions = [],
  }: DebugProtocol.SetExceptionBreakpointsArguments): DebugProtocol.Breakpoint[] {
    const options = [...filters.map(filterId => ({ filterId, condition: undefined })), ...filterOptions];
    this.#diverged = options.some(({ filterId }) => filterId === 'diverged');
    this.#surprise = undefined;
    return options.map(({ filterId, condition }) => {
      if (filterId !== 'surprise') return { verified: filterId === 'diverged' };
      const above = condition?.trim() ? Number(condition) : SURPRISING;
      if (Number.isNaN(above)) {
        return { verified: false, message: `“${condition}” is no number of nats. Write 6, for example.` };
      }
      this.#surprise = above;
      return { verified: true };
    });
  }

  forgetHits(): void {
    for (const { trigger } of [...this.#lines, ...this.#anywhere, ...this.#data]) trigger?.forgetHits();
  }

  /** Breakpoints on the tokens that come next, which look at no numbers. */
  ahead(tick: Tick | undefined, backwards: boolean): Hit[] {
    if (!tick) return [];
    const there = this.#lines.filter(breakpoint => breakpoint.isAhead(tick, this.#stepper.places));
    return there
      .filter(({ trigger }) => backwards || trigger?.count())
      .map(({ id, line }) => ({ reason: 'breakpoint', id, text: `Line ${line} is trained on next` }));
  }

  /** Looks at the tensors before an update, where a breakpoint has to tell whether it changes one. */
  async beforeUpdate(): Promise<void> {
    if (this.#data.some(({ watched }) => watched.tensor)) await this.#tensors.look();
  }

  /** Breakpoints that an update hits; logpoints print. */
  async hits(moment: Moment, tick: Tick, backwards: boolean): Promise<Hit[]> {
    const hits: Hit[] = [];
    for (const { id, line, trigger } of this.#lines.filter(each =>
      each.wasRead(tick, this.#stepper.places),
    )) {
      const text = `The update that read line ${line}: ${trigger?.text.condition ?? ''}`;
      if (trigger && (await this.#holds(trigger, moment, backwards))) {
        hits.push({ reason: 'breakpoint', id, text });
      }
    }
    for (const { id, name, trigger } of this.#anywhere) {
      if (await this.#holds(trigger, moment, backwards)) {
        hits.push({ reason: 'function breakpoint', id, text: name });
      }
    }
    for (const { id, watched, trigger } of this.#data) {
      if (!moment.update || !wrote(watched, this.#stepper.run, moment.update)) continue;
      if (watched.tensor && !(await this.#tensors.changed(watched.tensor))) continue;
      if (await this.#holds(trigger, moment, backwards)) {
        hits.push({ reason: 'data breakpoint', id, text: `${watchedName(watched)} changed` });
      }
    }
    const surprise = moment.number('surprise');
    if (this.#surprise !== undefined && surprise > this.#surprise) {
      const text = `Surprise ${formatNumber(surprise)} is above ${this.#surprise} nats`;
      hits.push({ reason: 'exception', text });
    }
    return hits;
  }

  /** Whether a breakpoint that is reached stops; a logpoint prints in place of stopping. */
  async #holds(trigger: Trigger, moment: Moment, backwards: boolean): Promise<boolean> {
    try {
      if (!(await trigger.holds(moment))) return false;
      if (backwards) return trigger.text.logMessage === undefined;
      if (!trigger.count()) return false;
      const message = await trigger.message(moment);
      if (message === undefined) return true;
      this.#print(message);
      return false;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#print(`${trigger.text.condition ?? trigger.text.logMessage}: ${error.message}`);
      return false;
    }
  }

  /** @returns a sentence where the text cannot be read */
  async #trigger(text: TriggerText): Promise<Trigger | string> {
    const { levels, blocks } = this.#stepper.run;
    try {
      return await Trigger.read(text, { levels: levels.map(({ id }) => id), blocks });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
