import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/node';
import { decodeFrame, type Frame } from '../../engine/protocol/frame.ts';
import type { ModelInfo } from '../../engine/protocol/model.ts';
import * as protocol from '../../engine/protocol/requests.ts';
import type { TokenSpans, TrainProgress } from '../../engine/protocol/training.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';

const BUNDLE = fileURLToPath(new URL('../../dist/engine.cjs', import.meta.url));

/** When a frame is acknowledged: milliseconds after it came, or never. */
export type FrameAnswer = number | 'never';

/** The bundled engine in a process of its own, forked as the extension host does. */
export class ForkedEngine {
  readonly child: ChildProcess;
  readonly connection: MessageConnection;
  readonly frames: Frame[] = [];
  readonly updates: Update[] = [];
  readonly spans: TokenSpans[] = [];
  readonly heartbeats: { residentBytes: number; tensors: number }[] = [];
  /** Exit code or signal. */
  readonly ended: Promise<number | string | null>;
  /** What it wrote to its standard streams. */
  output = '';
  private waiting: { ready: () => boolean; resolve: () => void }[] = [];

  constructor(answer: FrameAnswer = 0) {
    if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing; run "npm run build".`);
    this.child = fork(BUNDLE, [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    const quiet = { error: () => {}, warn: () => {}, info: () => {}, log: () => {} };
    const [reader, writer] = [new IPCMessageReader(this.child), new IPCMessageWriter(this.child)];
    const connection = createMessageConnection(reader, writer, quiet);
    this.connection = connection;
    connection.onNotification(protocol.UpdateFrame, frame => {
      this.frames.push(frame);
      this.updates.push(...decodeFrame(frame));
      const { runId, first, count } = frame;
      const seen = () => {
        if (this.child.connected) {
          void connection.sendNotification(protocol.FrameSeen, { runId, next: first + count });
        }
      };
      if (answer === 0) seen();
      else if (answer !== 'never') setTimeout(seen, answer);
      this.look();
    });
    connection.onNotification(protocol.Tokens, spans => {
      this.spans.push(spans);
    });
    connection.onNotification(protocol.Heartbeat, beat => {
      this.heartbeats.push(beat);
      this.look();
    });
    connection.listen();
    this.ended = new Promise(resolve => {
      this.child.once('exit', (code, signal) => resolve(signal ?? code));
    });
  }

  /** With the handshake done and a model loaded. */
  static async open(model: string, answer?: FrameAnswer): Promise<ForkedEngine> {
    const engine = new ForkedEngine(answer);
    await engine.initialize();
    await engine.load(model);
    return engine;
  }

  initialize(changes: Partial<protocol.InitializeParams> = {}): Promise<protocol.InitializeResult> {
    const params = { protocolVersion: PROTOCOL_VERSION, backend: 'auto', ...changes };
    return this.connection.sendRequest(protocol.Initialize, params);
  }

  load(path: string): Promise<ModelInfo> {
    return this.connection.sendRequest(protocol.LoadModel, { path });
  }

  /** Progress of a run as it comes. */
  progress(runId: string): TrainProgress[] {
    const all: TrainProgress[] = [];
    this.connection.onProgress(protocol.Progress, runId, progress => {
      all.push(progress);
    });
    return all;
  }

  /** Resolves when so many updates have arrived. */
  arrived(updates: number): Promise<void> {
    return this.until(() => this.updates.length >= updates);
  }

  /** Resolves when `ready` is true, looked at after every message. */
  until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise(resolve => {
      this.waiting.push({ ready, resolve });
    });
  }

  /** Ends it, if it still runs. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
    if (this.child.connected) await new Promise(resolve => this.child.once('disconnect', resolve));
  }

  private look(): void {
    const ready = this.waiting.filter(each => each.ready());
    this.waiting = this.waiting.filter(each => !ready.includes(each));
    for (const { resolve } of ready) resolve();
  }
}

/** Code, message and remedy that a request is refused with. */
export async function refusalOf(
  request: Promise<unknown>,
): Promise<{ code: string; message: string; remedy?: string }> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const { code, remedy } = error.data as protocol.EngineErrorData;
    return { code, message: error.message, remedy };
  }
  throw new Error('nothing was refused');
}
