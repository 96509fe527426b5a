import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Probe, Update } from '../../engine/protocol/index.ts';
import { HopeDebugAdapter } from '../../extension/debugger/debugAdapter.ts';
import {
  EngineStepper,
  type StepperStart,
  type SteppingEngine,
} from '../../extension/debugger/engineStepper.ts';
import { launchText } from '../../extension/debugger/launchText.ts';
import { parseProbe } from '../../extension/training/probeText.ts';

const OPTIONS = { learningRates: {}, partialChunk: 'flush', telemetry: true } as const;
export const PROGRAM = '/texts/people.txt';

export interface DebuggedOptions {
  readonly engine: SteppingEngine;
  readonly model: StepperStart['model'];
  readonly text: string;
  readonly runPath: string;
}

/** The debug adapter on a socket, with the client that the VS Code team tests adapters with at the other end. */
export class Debugged {
  readonly client: DebugClient;
  readonly fresh: Update[] = [];
  readonly output: string[] = [];
  outdated = false;
  closed = 0;
  stepper?: EngineStepper;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.client = new DebugClient('node', '', 'hopescope');
    this.client.defaultTimeout = 30_000;
    this.client.on('output', (event: DebugProtocol.OutputEvent) => this.output.push(event.body.output));
  }

  static async start({ engine, model, text, runPath }: DebuggedOptions): Promise<Debugged> {
    const server = createServer();
    const debugged = new Debugged(server);
    server.on('connection', socket => {
      debugged.#sockets.push(socket);
      const adapter = new HopeDebugAdapter({
        open: async ({ program, ranges, epochs, learningRates, probes }) => {
          const name = program.slice(program.lastIndexOf('/') + 1);
          const input = launchText({ uri: program, version: 1, name, text }, ranges);
          debugged.stepper = await EngineStepper.open(engine, {
            request: {
              ...{ runId: 'run', runPath, text: input.text, title: input.title },
              options: {
                ...OPTIONS,
                epochs: typeof epochs === 'number' ? epochs : 1,
                learningRates: (learningRates ?? {}) as Record<string, number>,
              },
              probes: probes.map(probe => parseProbe(probe) as Probe),
            },
            ...{ source: { path: program, name }, text: input.source, document: text, model },
            watcher: {
              tokens: () => {},
              moved: async ({ recorded }) => {
                const seen = debugged.fresh.length;
                debugged.fresh.push(...(await debugged.stepper!.updates(seen, recorded - seen)));
              },
              closed: () => {
                debugged.closed += 1;
              },
              outdated: () => debugged.outdated,
            },
          });
          return debugged.stepper;
        },
      });
      // A closed socket must not end the process.
      adapter.setRunAsServer(true);
      adapter.start(socket, socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await debugged.client.start((server.address() as AddressInfo).port);
    return debugged;
  }

  /** Launches and waits for the first stop, with these breakpoints set before. */
  async launch(
    launch: object = {},
    breakpoints: readonly DebugProtocol.SourceBreakpoint[] = [],
  ): Promise<DebugProtocol.StoppedEvent['body']> {
    await this.configure(launch, breakpoints);
    return this.#stop(() => this.client.configurationDoneRequest());
  }

  /** Launches up to the point where the training may go. */
  async configure(
    launch: object = {},
    breakpoints: readonly DebugProtocol.SourceBreakpoint[] = [],
  ): Promise<DebugProtocol.Breakpoint[]> {
    const initialized = this.client.waitForEvent('initialized');
    await this.client.initializeRequest();
    await this.client.launchRequest({ program: PROGRAM, ...launch } as DebugProtocol.LaunchRequestArguments);
    await initialized;
    return this.setBreakpoints(breakpoints);
  }

  async setBreakpoints(
    breakpoints: readonly DebugProtocol.SourceBreakpoint[],
  ): Promise<DebugProtocol.Breakpoint[]> {
    const { body } = await this.client.setBreakpointsRequest({
      source: { path: PROGRAM },
      breakpoints: [...breakpoints],
    });
    return body.breakpoints;
  }

  /** Presses a button of the debugger and waits for the stop. */
  press(
    button: 'continue' | 'next' | 'stepIn' | 'stepOut' | 'stepBack' | 'reverseContinue' | 'restart',
  ): Promise<DebugProtocol.StoppedEvent['body']> {
    return this.#stop(() => this.client.send(button, { threadId: 1 }));
  }

  async frames(): Promise<DebugProtocol.StackFrame[]> {
    return (await this.client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
  }

  /** Name of the innermost frame. */
  async where(): Promise<string> {
    return (await this.frames())[0].name;
  }

  async evaluate(expression: string, context = 'repl'): Promise<string> {
    return (await this.client.evaluateRequest({ expression, context })).body.result;
  }

  /** Rows of the Variables view along a path of names. */
  async variables(...path: string[]): Promise<DebugProtocol.Variable[]> {
    let reference = await this.reference(path[0]);
    for (const name of path.slice(1)) {
      const rows = await this.#rows(reference);
      reference = rows.find(row => row.name === name)!.variablesReference;
    }
    return this.#rows(reference);
  }

  /** Reference of a scope by its name. */
  async reference(scope: string): Promise<number> {
    const [{ id }] = await this.frames();
    const { body } = await this.client.scopesRequest({ frameId: id });
    return body.scopes.find(({ name }) => name === scope)!.variablesReference;
  }

  /** Message that a request is refused with. */
  async refusal(request: Promise<unknown>): Promise<string> {
    try {
      await request;
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('nothing was refused');
  }

  async stop(): Promise<void> {
    await this.client.stop();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #rows(variablesReference: number): Promise<DebugProtocol.Variable[]> {
    return (await this.client.variablesRequest({ variablesReference })).body.variables;
  }

  async #stop(act: () => Promise<unknown>): Promise<DebugProtocol.StoppedEvent['body']> {
    const stopped = this.client.waitForEvent('stopped');
    await act();
    return ((await stopped) as DebugProtocol.StoppedEvent).body;
  }
}
