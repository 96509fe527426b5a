import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WebgpuAdapter } from '../../engine/tensor/webgpu/openWebgpu.ts';
import { bundleScript } from './bundle.ts';
import { swiftshaderEnvironment } from './swiftshader.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs scenarios on WebGPU in a process of its own: the driver keeps what it likes, and may hang when it ends. */
export class WebgpuProcess {
  /** What it wrote to its standard streams. */
  output = '';

  private constructor(
    private readonly folder: string,
    readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** A process that opened nothing yet, with these variables beside ours. */
  static async start(environment: Record<string, string>): Promise<WebgpuProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'hopescope-webgpu-'));
    const bundle = await bundleScript('webgpuMain.ts', folder);
    const env = { ...process.env, ...environment };
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];
    return new WebgpuProcess(
      folder,
      fork(bundle, [], { env, execArgv: [], serialization: 'advanced', stdio }),
    );
  }

  /** A process with WebGPU open, or why there is none on this machine. */
  static async open(): Promise<{ gpu: WebgpuProcess; adapter: WebgpuAdapter } | { reason: string }> {
    const environment = swiftshaderEnvironment();
    if (!environment) return { reason: 'there is no Chromium with a software Vulkan driver' };
    const gpu = await WebgpuProcess.start(environment);
    try {
      return { gpu, adapter: (await gpu.run('open', ROOT)) as WebgpuAdapter };
    } catch (error) {
      await gpu.close();
      return { reason: (error as Error).message };
    }
  }

  /** Runs one command of webgpuMain.ts. @throws Error with the process's own message */
  async run(name: string, ...args: unknown[]): Promise<unknown> {
    const answered = once(this.child, 'message') as Promise<[{ value?: unknown; error?: string }]>;
    const died = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`the WebGPU process ended with ${code ?? signal}: ${this.output}`);
    });
    this.child.send({ name, args });
    const [answer] = (await Promise.race([answered, died])) as [{ value?: unknown; error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
