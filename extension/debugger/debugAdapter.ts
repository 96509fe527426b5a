import {
  BreakpointEvent,
  DebugSession,
  InitializedEvent,
  OutputEvent,
  StoppedEvent,
  TerminatedEvent,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { failureText } from '../engine/engineFailure.ts';
import { CAPABILITIES } from './adapterSupport.ts';
import { BreakpointTable } from './breakpoints/breakpointTable.ts';
import type { DebugHost } from './debugHost.ts';
import { Inspection } from './inspection.ts';
import { readLaunch } from './launchArguments.ts';
import type { Rest } from './playback.ts';
import type { Stepper } from './stepper.ts';
import { type Walk, Walker } from './walker.ts';

const THREAD = 1;

/** A session's stepper and what works on it, from launch on. */
interface Opened {
  readonly stepper: Stepper;
  readonly breakpoints: BreakpointTable;
  readonly walker: Walker;
  readonly inspection: Inspection;
}

/**
 * The debug adapter: requests of the Debug Adapter Protocol as movements of a stepped training and questions to it.
 * Knows nothing of VS Code; every failure is an answer or an event, nothing is thrown.
 */
export class HopeDebugAdapter extends DebugSession {
  readonly #host: DebugHost;
  readonly #opening = { isCancellationRequested: false };
  #opened?: Opened;
  #launch = { stopOnEntry: true, stopAtEnd: true };
  #exception = '';
  #warned = false;
  #finished = false;

  constructor(host: DebugHost) {
    super();
    this.#host = host;
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const response: DebugProtocol.Response = {
      ...{ seq: 0, type: 'response', success: true },
      ...{ request_seq: request.seq, command: request.command },
    };
    this.#answer(request, response).catch((error: unknown) => this.#refuse(response, error));
  }

  /** Closes the training when VS Code lets go of the session without a word. */
  override dispose(): void {
    void this.#finish();
  }

  async #answer({ command, arguments: args }: DebugProtocol.Request, response: DebugProtocol.Response) {
    switch (command) {
      case 'initialize':
        return this.#send(response, CAPABILITIES);
      case 'launch':
        return this.#begin(response, args);
      case 'disconnect':
      case 'terminate':
        await this.#finish();
        return this.#send(response);
      case 'threads':
        return this.#send(response, {
          threads: [{ id: THREAD, name: this.#opened?.stepper.run.title ?? 'training' }],
        });
      default:
        return this.#onOpened(command, response, args as never, this.#need());
    }
  }

  async #onOpened(command: string, response: DebugProtocol.Response, args: never, opened: Opened) {
    const { breakpoints, inspection, walker } = opened;
    const set = async (all: Promise<DebugProtocol.Breakpoint[]> | DebugProtocol.Breakpoint[]) =>
      this.#send(response, { breakpoints: await all });
    switch (command) {
      case 'configurationDone':
        this.#send(response);
        return this.#enter();
      case 'setBreakpoints':
        return set(this.#setLines(args, opened));
      case 'setFunctionBreakpoints':
        return set(
          breakpoints.setAnywhere((args as DebugProtocol.SetFunctionBreakpointsArguments).breakpoints),
        );
      case 'setDataBreakpoints':
        return set(breakpoints.setData((args as DebugProtocol.SetDataBreakpointsArguments).breakpoints));
      case 'setExceptionBreakpoints':
        return set(breakpoints.setExceptions(args));
      case 'dataBreakpointInfo':
        return this.#send(response, await inspection.dataBreakpointInfo(args));
      case 'continue':
        return this.#walk(response, 'continue', { allThreadsContinued: true });
      case 'next':
      case 'stepIn':
      case 'stepOut':
      case 'stepBack':
      case 'reverseContinue':
        return this.#walk(response, command);
      case 'pause':
        walker.pause();
        return this.#send(response);
      case 'restart':
        return this.#restart(response, opened);
      case 'exceptionInfo':
        return this.#send(response, { exceptionId: this.#exception, breakMode: 'always' });
      default:
        return this.#send(response, await inspection.answer(command, args));
    }
  }

  async #begin(response: DebugProtocol.Response, args: object): Promise<void> {
    const launch = readLaunch(args);
    this.#launch = launch;
    const stepper = await this.#host.open(launch, this.#opening);
    if (this.#opening.isCancellationRequested) return stepper.close();
    const breakpoints = new BreakpointTable(stepper, text => this.#print(text));
    const walker = new Walker(stepper, breakpoints);
    this.#opened = { stepper, breakpoints, walker, inspection: new Inspection(stepper, walker) };
    stepper.onDidFail(cause => {
      this.#print(`The engine stopped (${cause}). What was recorded is kept; the session ends.`, 'stderr');
      void this.#finish();
    });
    stepper.onDidPlaceTokens(() => {
      for (const found of breakpoints.resolveLines()) this.sendEvent(new BreakpointEvent('changed', found));
    });
    this.#send(response);
    this.sendEvent(new InitializedEvent());
  }

  async #enter(): Promise<void> {
    const { walker } = this.#need();
    const rest: Rest | undefined = this.#launch.stopOnEntry ? { reason: 'entry' } : walker.atEntry();
    if (rest) this.#rest(rest);
    else await this.#move('continue');
  }

  async #walk(response: DebugProtocol.Response, walk: Walk, body?: object): Promise<void> {
    if (this.#need().walker.moving) throw new Error('The training is going on; pause it first.');
    this.#send(response, body);
    await this.#move(walk);
  }

  /** A movement that fails ends the session, with the reason in the Debug Console. */
  async #move(walk: Walk): Promise<void> {
    const { stepper, walker, inspection } = this.#need();
    const wasAtEnd = stepper.ended;
    inspection.forget();
    try {
      const rest = await walker.walk(walk);
      if (this.#finished) return;
      if (rest.reason === 'end' && (wasAtEnd || !this.#launch.stopAtEnd)) await this.#finish();
      else this.#rest(rest);
    } catch (error) {
      if (this.#finished) return;
      this.#print(failureText(error), 'stderr');
      await this.#finish();
    }
  }

  #rest({ reason, text, ids }: Rest): void {
    const { stepper } = this.#need();
    if (stepper.outdated() && !this.#warned) {
      this.#warned = true;
      this.#print(
        'The text was edited since it was read: places are those of before. Restart to train on it as it is now.',
      );
    }
    this.#exception = reason === 'exception' ? (text ?? '') : '';
    const event: DebugProtocol.StoppedEvent = new StoppedEvent(reason, THREAD, text);
    const description = text && reason !== 'exception' ? { description: text } : {};
    event.body = {
      ...event.body,
      ...description,
      hitBreakpointIds: ids ? [...ids] : undefined,
      allThreadsStopped: true,
    };
    this.sendEvent(event);
  }

  async #restart(response: DebugProtocol.Response, { stepper, walker, breakpoints, inspection }: Opened) {
    await walker.halt();
    const outdated = stepper.outdated();
    await stepper.moveTo(0);
    walker.leave();
    inspection.forget();
    breakpoints.forgetHits();
    this.#send(response);
    // Another text is another training: the whole session begins again.
    if (outdated) await this.#finish(true);
    else await this.#enter();
  }

  async #finish(restart = false): Promise<void> {
    this.#opening.isCancellationRequested = true;
    if (this.#finished) return;
    this.#finished = true;
    const opened = this.#opened;
    try {
      await opened?.walker.halt();
      await opened?.stepper.close();
    } catch (error) {
      this.#print(failureText(error), 'stderr');
    }
    this.sendEvent(new TerminatedEvent(restart || undefined));
  }

  #setLines(args: DebugProtocol.SetBreakpointsArguments, { breakpoints, stepper }: Opened) {
    const asked = args.breakpoints ?? [];
    if (args.source.path === stepper.run.source.path) return breakpoints.setLines(asked);
    const message = `This session trains on ${stepper.run.source.name}.`;
    return asked.map(({ line }) => ({ verified: false, line, message }));
  }

  #need(): Opened {
    if (this.#opened) return this.#opened;
    throw new Error('No training is open in this session.');
  }

  #print(text: string, category = 'console'): void {
    this.sendEvent(new OutputEvent(`${text}\n`, category));
  }

  #send(response: DebugProtocol.Response, body?: object): void {
    this.sendResponse(body ? { ...response, body } : response);
  }

  #refuse(response: DebugProtocol.Response, error: unknown): void {
    // The text may hold braces, which would be read as places for variables.
    const variables = { _text: failureText(error) };
    const showUser = response.command === 'launch' || response.command === 'restart';
    this.sendErrorResponse(response, { id: 1, format: '{_text}', variables, showUser });
  }
}
