import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../checkpoint/atomicFile.ts';
import { tryCandidate } from '../choice/candidateProcess.ts';
import { NATIVE_RECORD, type NativePackageName, type NativeRecord } from '../tensor/native/nativeFolder.ts';
import { compileAddon, findCompiler } from './compileAddon.ts';
import { InstallError } from './installError.ts';
import { installLocked } from './npm.ts';
import { hasOfficialCuda, installOfficial, officialVersion } from './officialLibrary.ts';
import { findTensorflow } from './python.ts';
import type { ToolOptions } from './runTool.ts';

/** Where libtensorflow is to come from. */
export type NativeSource =
  | { readonly kind: 'cpu' }
  | { readonly kind: 'cuda' }
  | { readonly kind: 'python'; readonly python: string };

export interface InstallOptions {
  readonly signal?: AbortSignal;
  /** What is done now: number of the step, of how many, and its name. */
  onStep?(step: number, steps: number, name: string): void;
  /** What the tools print. */
  onLine?(line: string): void;
}

/** What was installed, and what it is called: by the device that it found. */
export interface Installed extends NativeRecord {
  readonly folder: string;
  readonly label: string;
}

const STEPS = 4;
const DAY_MS = 86_400_000;

/**
 * Installs the native backend into a folder, in place of one that is there. Everything is done in a folder beside it,
 * tried in a process of its own, and put in place at the end: however it ends before, the folder is as it was.
 * @throws InstallError, or the reason of `signal`
 */
export async function installNative(
  source: NativeSource,
  folder: string,
  { signal, onStep, onLine }: InstallOptions = {},
): Promise<Installed> {
  const staging = `${folder}.partial-${randomUUID()}`;
  const step = (at: number, name: string) => onStep?.(at, STEPS, name);
  try {
    await makeStaging(folder, staging);
    const tools: ToolOptions = { cwd: staging, signal, onLine };
    step(1, 'looking at this machine');
    const prepared = await prepare(source, tools);
    step(2, 'downloading the package with npm');
    await installLocked(prepared.package, tools);
    step(3, source.kind === 'python' ? 'compiling the addon' : 'downloading TensorFlow');
    await prepared.addLibrary(staging);
    step(4, 'trying it');
    const answer = await tryCandidate({ backend: 'tensorflow', nativeFolder: staging }, signal);
    if ('refused' in answer) {
      const remedy = 'The log has what was printed; another choice may work.';
      throw new InstallError(`What was installed does not work: ${answer.refused}.`, remedy);
    }
    await writeFile(join(staging, NATIVE_RECORD), `${JSON.stringify(prepared.record, null, 2)}\n`);
    signal?.throwIfAborted();
    await replace(folder, staging);
    return { ...prepared.record, folder, label: answer.label };
  } finally {
    await remove(staging);
  }
}

/** Removes the native backend. @returns false when there was none @throws InstallError when it is in use */
export async function uninstallNative(folder: string): Promise<boolean> {
  await sweep(folder);
  return setAside(folder);
}

interface Prepared {
  readonly package: NativePackageName;
  readonly record: NativeRecord;
  /** Puts libtensorflow and the addon where the package looks for them. */
  addLibrary(root: string): Promise<void>;
}

async function prepare(source: NativeSource, tools: ToolOptions): Promise<Prepared> {
  if (source.kind === 'python') return preparePython(source.python, tools);
  if (source.kind === 'cuda' && !hasOfficialCuda()) {
    throw new InstallError(
      'The official CUDA build is for Linux and Windows on x64 only.',
      'Choose TensorFlow CPU, or build against the TensorFlow of a Python environment.',
    );
  }
  const name = source.kind === 'cuda' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const device = source.kind === 'cuda' ? 'gpu' : 'cpu';
  return {
    package: name,
    record: { format: 1, package: name, source: 'official', tensorflow: officialVersion() },
    addLibrary: root => installOfficial(root, join(root, 'node_modules', name), device, tools),
  };
}

async function preparePython(python: string, tools: ToolOptions): Promise<Prepared> {
  const tensorflow = await findTensorflow(python, tools);
  const compiler = await findCompiler(tools);
  const name = '@tensorflow/tfjs-node';
  const { version, folder: library } = tensorflow;
  return {
    package: name,
    record: { format: 1, package: name, source: 'python', tensorflow: version, library },
    addLibrary: async root => {
      const modules = join(root, 'node_modules');
      const headers = join(modules, 'node-api-headers', 'include');
      await compileAddon(compiler, join(modules, name), headers, tensorflow, tools);
    },
  };
}

async function makeStaging(folder: string, staging: string): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    await sweep(folder);
    await mkdir(staging);
  } catch (error) {
    throw new InstallError(
      `${dirname(folder)} cannot be written to: ${reasonOf(error)}.`,
      'Check the folder.',
    );
  }
}

/** Removes what was left by an end by force. One that runs now is younger than a day. */
async function sweep(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent).catch(() => [])) {
    const path = join(parent, name);
    const old = name.startsWith(`${basename(folder)}.old-`);
    if (!old && !name.startsWith(`${basename(folder)}.partial-`)) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (old || Date.now() - mtimeMs > DAY_MS) await remove(path);
  }
}

/** What cannot be deleted now, as it is in use, is deleted the next time. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

async function replace(folder: string, staging: string): Promise<void> {
  await setAside(folder);
  await rename(staging, folder);
}

/** Takes a folder out of its place at one stroke, then deletes it. @returns false when there was none */
async function setAside(folder: string): Promise<boolean> {
  const old = `${folder}.old-${randomUUID()}`;
  try {
    await rename(folder, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    const remedy = 'Close other windows that use it, then try again.';
    throw new InstallError(`${folder} cannot be replaced: ${reasonOf(error)}.`, remedy, { cause: error });
  }
  await remove(old);
  return true;
}
