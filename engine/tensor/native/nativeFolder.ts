import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The two names of one package: the binding, its JavaScript and its kernels are the same byte by byte. */
export const NATIVE_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
export type NativePackageName = (typeof NATIVE_PACKAGES)[number];

/** Written last by the install command; what it names is what was installed. */
export const NATIVE_RECORD = 'hopescope-native.json';

/** Where an installation's libtensorflow comes from. */
export interface NativeRecord {
  readonly format: 1;
  readonly package: NativePackageName;
  /** `official`: the library that the package downloads. `python`: that of a Python environment. */
  readonly source: 'official' | 'python';
  /** Version of TensorFlow, as `2.21.0`. */
  readonly tensorflow: string;
  /** Folder of the Python package that the library is loaded from, for `python`. */
  readonly library?: string;
}

/** An installation of the native backend that can be loaded. */
export interface NativeInstall {
  readonly package: NativePackageName;
  /** Folder of the package. */
  readonly folder: string;
  /** The compiled addon. */
  readonly binding: string;
  readonly version: string;
  /** Absent where somebody else's npm made the folder. */
  readonly record?: NativeRecord;
}

/** The native backend cannot be used from a folder; the message is a clause that says why. */
export class NativeMissingError extends Error {
  override readonly name = 'NativeMissingError';
}

/**
 * Finds the native backend in a folder: one that the install command made, one where `npm install
 * @tensorflow/tfjs-node` (or -gpu) was run, or such a package itself. @throws NativeMissingError
 */
export function findNative(folder: string | undefined): NativeInstall {
  if (!folder || !existsSync(folder)) throw new NativeMissingError('not installed');
  // Modules know themselves by their real path.
  const root = realpathSync(folder);
  const found = [root, ...NATIVE_PACKAGES.map(name => join(root, 'node_modules', name))].find(isPackage);
  if (!found) throw new NativeMissingError(`there is no ${NATIVE_PACKAGES.join(' or ')} in ${root}`);
  const manifest = readJson(join(found, 'package.json')) as { name: NativePackageName; version: string };
  const binding = bindingOf(found);
  if (!binding) {
    throw new NativeMissingError(`${found} has no compiled addon (lib/napi-v*/tfjs_binding.node)`);
  }
  const record = readRecord(root);
  return { package: manifest.name, folder: found, binding, version: manifest.version, record };
}

/**
 * What changes whenever another native backend would be loaded from the folder: part of the key that measurements
 * are kept under.
 */
export function nativeState(folder: string | undefined): string {
  try {
    const { folder: at, binding, version } = findNative(folder);
    const { size, mtimeMs } = statSync(binding);
    return [at, version, size, Math.round(mtimeMs)].join('|');
  } catch (error) {
    if (error instanceof NativeMissingError) return error.message;
    throw error;
  }
}

function isPackage(folder: string): boolean {
  const manifest = readJson(join(folder, 'package.json')) as { name?: unknown } | undefined;
  return NATIVE_PACKAGES.some(name => name === manifest?.name);
}

/** The addon for the newest Node-API; upstream numbers folders by it, and one build serves every later Node. */
function bindingOf(folder: string): string | undefined {
  const lib = join(folder, 'lib');
  const versions = (existsSync(lib) ? readdirSync(lib) : [])
    .map(name => Number(/^napi-v(\d+)$/.exec(name)?.[1]))
    .filter(version => version <= Number(process.versions.napi))
    .sort((a, b) => b - a);
  const files = versions.map(version => join(lib, `napi-v${version}`, 'tfjs_binding.node'));
  return files.find(file => existsSync(file));
}

function readRecord(folder: string): NativeRecord | undefined {
  const record = readJson(join(folder, NATIVE_RECORD)) as Partial<NativeRecord> | undefined;
  const known = record?.format === 1 && typeof record.tensorflow === 'string';
  return known ? (record as NativeRecord) : undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
