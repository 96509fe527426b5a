import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The library's own kernels. */
export const libraryFile = 'tfjs-backend-wasm-simd.wasm';
/** What the threads of a kernel pool run. */
export const threadFile = 'kernelThread.cjs';

// The build defines `import.meta.dirname` as the folder of the bundle; from source it is this file's folder.
const folders = [import.meta.dirname, join(import.meta.dirname, '..', 'build')];

/**
 * Path of a file that the wasm backend loads: in `folder` when one is given, else beside the bundle, else in the
 * build folder of the sources. Throws when there is none.
 */
export function findWasmFile(name: string, folder?: string): string {
  const searched = folder === undefined ? folders : [folder];
  const found = searched.map(each => join(each, name)).find(path => existsSync(path));
  if (found) return found;
  throw new Error(
    `The file ${name} is not in ${searched.join(' nor in ')}. ` +
      `Run "npm run build" in the sources, or install the extension again.`,
  );
}
