import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BUNDLE = at('../../dist/cli.cjs');
const LAUNCHER = at('../../cli/hopescope.mjs');
/** Nothing was measured or installed here, whatever the machine has. */
const NO_HOME = at('../../.native/no-home');
/** Has the launcher take the running Node for an old one, so that it starts another. */
const OLD_NODE =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.0.0"}})';

/** How a command ended, and all it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error holds a match. @throws when the command ends without one. */
  said(pattern: RegExp): Promise<void>;
}

export interface CliOptions {
  /** Standard input; empty by default. */
  readonly input?: string;
  /** Leave standard input open. */
  readonly waiting?: boolean;
  /** Variables that differ from this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** A file descriptor to write standard output to. */
  readonly stdout?: number;
  /** Through `hopescope.mjs` and the child that it starts, in a process group of their own. */
  readonly launcher?: boolean;
  /** A command that runs the words after it. */
  readonly prefix?: readonly string[];
}

/** Starts `hopescope ARGS` from the bundle that `npm run build` wrote. */
export function startCli(
  args: readonly string[],
  { input = '', waiting, env, stdout, launcher, prefix = [] }: CliOptions = {},
): Running {
  if (!existsSync(BUNDLE)) throw new Error('dist/cli.cjs is missing: run "npm run build" first.');
  const command = launcher ? ['--import', OLD_NODE, LAUNCHER] : [BUNDLE];
  const [program, ...words] = [...prefix, process.execPath, ...command, ...args];
  const child = spawn(program, words, {
    detached: launcher,
    env: { ...process.env, HOPESCOPE_HOME: NO_HOME, ...env },
    stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  // A command that refuses its options never reads its input.
  child.stdin!.on('error', () => {});
  if (!waiting) child.stdin!.end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  const said = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => pattern.test(text.stderr) && resolve();
      child.stderr!.on('data', look);
      look();
      ended.then(() => reject(new Error(`ended without ${pattern}: ${text.stderr}`)), reject);
    });
  return { child, ended, said };
}

/** Runs `hopescope ARGS` to its end. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

/** Runs `hopescope ARGS --json`, which must succeed, and reads its one JSON object. */
export async function runJson<T>(args: readonly string[], options?: CliOptions): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], options);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
