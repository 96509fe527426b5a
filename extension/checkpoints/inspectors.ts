import type * as vscode from 'vscode';
import type { ArchiveInfo } from '../../engine/protocol/index.ts';
import { CloseArchive, OpenArchive } from '../../engine/protocol/inspectorRequests.ts';
import { engineCommand } from '../settings/configuration.ts';
import { levelPatterns } from '../settings/levelPatterns.ts';
import { InspectorProcess } from './inspectorProcess.ts';

/** A checkpoint that is open in the inspector process. */
export interface OpenedArchive {
  readonly process: InspectorProcess;
  readonly id: number;
  readonly info: ArchiveInfo;
}

const IDLE_MS = 30_000;

/** One inspector process for all editors: started at the first need, ended when none was open for half a minute. */
export class Inspectors implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  #process?: InspectorProcess;
  #open = 0;
  #timer?: NodeJS.Timeout;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
  }

  /** @throws EngineFailure in the reader's words */
  async open(path: string, token?: vscode.CancellationToken): Promise<OpenedArchive> {
    const process = this.#running();
    clearTimeout(this.#timer);
    this.#open++;
    try {
      const params = { path, levels: levelPatterns() };
      const { id, info } = await process.request(OpenArchive, params, { token });
      return { process, id, info };
    } catch (error) {
      this.#closed(process);
      throw error;
    }
  }

  /** Lets go of a checkpoint; one whose process has ended is gone already. */
  close({ process, id }: OpenedArchive): void {
    if (process.cause === undefined) process.request(CloseArchive, { id }).catch(() => {});
    this.#closed(process);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#process?.kill();
  }

  /** Those of a process that has ended are counted no more. */
  #closed(process: InspectorProcess): void {
    if (process !== this.#process || --this.#open > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => process.kill(), IDLE_MS);
  }

  #running(): InspectorProcess {
    if (this.#process && this.#process.cause === undefined) return this.#process;
    const { execPath, env } = engineCommand(this.#context);
    const modulePath = this.#context.asAbsolutePath('dist/inspector.cjs');
    this.#open = 0;
    this.#process = new InspectorProcess({ modulePath, execPath, env }, this.#log);
    return this.#process;
  }
}
