import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** The Python that peers run with; it needs PyTorch. */
const PYTHON = process.env.HOPESCOPE_BENCH_PYTHON ?? 'python3';

/** What a peer measured of itself, in seconds. */
export interface PeerTime {
  readonly clock: number;
  readonly processor: number;
}

/** Version of PyTorch, or the reason why there is none. */
export async function findTorch(): Promise<{ version: string } | { missing: string }> {
  try {
    const code = 'import torch; print(torch.__version__)';
    return { version: (await promisify(execFile)(PYTHON, ['-c', code])).stdout.trim() };
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const reason = stderr.trim().split('\n').at(-1) || message;
    return { missing: `${PYTHON} has no PyTorch (${reason}); HOPESCOPE_BENCH_PYTHON names another Python` };
  }
}

/** Milliseconds for one answer: on quiet cores none takes more than a few seconds. */
const LIMIT = 60_000;

/** A script of `peers/` that answers requests one after another. */
export class PeerProcess {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private errors = '';

  constructor(script: string, args: readonly string[]) {
    this.child = spawn(PYTHON, [`test/bench/peers/${script}`, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Between its answers a peer's threads sleep: looking for work they would take the cores from what is timed next.
      env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE', KMP_BLOCKTIME: '0' },
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    // A peer that ended is found out when its answer is missing.
    this.child.stdin!.on('error', () => {});
    this.answers = createInterface(this.child.stdout!)[Symbol.asyncIterator]();
  }

  /** @throws Error with the peer's last line when it ends instead, or when it takes more than a minute. */
  async ask<T = PeerTime>(what: string, request: object = {}): Promise<T> {
    this.child.stdin!.write(`${JSON.stringify({ do: what, ...request })}\n`);
    let late = false;
    const alarm = setTimeout(() => {
      late = true;
      this.close();
    }, LIMIT);
    const { value, done } = await this.answers.next();
    clearTimeout(alarm);
    if (late)
      throw new Error(`PyTorch did not ${what} within ${LIMIT / 1000} s; other programs need the cores.`);
    if (done) throw new Error(`The peer ended: ${this.errors.trim().split('\n').at(-1)}`);
    return JSON.parse(value) as T;
  }

  close(): void {
    this.child.stdin!.end();
    this.child.kill();
  }
}
