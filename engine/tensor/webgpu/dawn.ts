import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What the package `webgpu` exports: Chromium's WebGPU, Dawn, as a Node addon. */
interface Dawn {
  create(options: string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

let gpu: GPU | undefined;

/**
 * Dawn's entry point, from the package `webgpu` in the `node_modules` of `folder` or above it. The process gets the
 * globals that a browser has, which the tensor library looks for. @throws Error with a clause that says what is missing
 */
export async function openDawn(folder: string = import.meta.dirname): Promise<GPU> {
  if (gpu) return gpu;
  const { create, globals } = await loadDawn(folder);
  Object.assign(globalThis, globals);
  gpu = create([]);
  // Node has a navigator from version 21 on.
  if (!globalThis.navigator) {
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Node.js' }, configurable: true });
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}

/** Version of the package as it is installed for `folder`; '' where it is not. */
export function dawnVersion(folder: string = import.meta.dirname): string {
  try {
    return (createRequire(join(folder, 'package.json'))('webgpu/package.json') as { version: string })
      .version;
  } catch {
    return '';
  }
}

async function loadDawn(folder: string): Promise<Dawn> {
  let path: string;
  try {
    path = createRequire(join(folder, 'package.json')).resolve('webgpu');
  } catch (error) {
    throw new Error(`the package webgpu is not installed in ${folder} or above it`, { cause: error });
  }
  try {
    return (await import(pathToFileURL(path).href)) as Dawn;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const target = `${process.platform}-${process.arch}`;
    throw new Error(`the package webgpu does not load on ${target}: ${reason}`, { cause: error });
  }
}
