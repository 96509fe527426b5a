import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ToolOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Each line that the tool prints, on either stream. */
  onLine?(line: string): void;
}

/** How a tool ended, and all that it printed. */
export interface ToolEnd {
  /** Undefined when there is no such tool. */
  readonly code: number | null | undefined;
  readonly output: string;
  readonly stdout: string;
}

/**
 * Runs a program to its end. @throws the reason of `signal` when it is aborted, after the program and all that it
 * started are gone
 */
export async function runTool(
  command: string,
  args: readonly string[],
  { cwd, env = process.env, signal, onLine }: ToolOptions,
): Promise<ToolEnd> {
  signal?.throwIfAborted();
  // npm is a script on Windows, which only a shell starts; nothing in its arguments comes from outside.
  const shell = process.platform === 'win32' && command === 'npm';
  const child = spawn(command, args, {
    cwd,
    env,
    shell,
    // A group of its own, so that what the tool starts can be ended with it.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => killTree(child);
  signal?.addEventListener('abort', stop, { once: true });
  const lines: string[] = [];
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', line => {
      lines.push(line);
      if (stream === child.stdout) printed.push(line);
      onLine?.(line);
    });
  }
  try {
    const code = await new Promise<number | null | undefined>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ENOENT' || error.code === 'EACCES' ? resolve(undefined) : reject(error),
      );
      child.once('close', resolve);
    });
    signal?.throwIfAborted();
    return { code, output: lines.join('\n'), stdout: printed.join('\n') };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/T', '/F']);
  else {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
