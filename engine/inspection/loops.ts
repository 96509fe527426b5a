import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Node's types leave WebAssembly to the DOM library, which the engine must not see.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { env: { memory: object } }) => { exports: object };
  Memory: new (limits: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
};

/** The exports of `assembly/index.ts`: places are bytes of the memory, `n` counts values. */
export interface Loops {
  addStatistics(x: number, n: number, out: number): number;
  addChange(a: number, b: number, n: number, out: number): number;
  widenBfloat16(x: number, out: number, n: number): void;
  widenHalf(x: number, out: number, n: number): void;
}

const PAGE = 65_536;
const FILE = 'inspection.wasm';
// The build defines `import.meta.dirname` as the folder of the bundle; from source it is this file's folder.
const folders = [import.meta.dirname, join(import.meta.dirname, 'build')];
let compiled: object | undefined;

/**
 * The loops with memory of their own, of at least so many bytes; it never grows, so views of it stay.
 * @throws Error when the file that holds them is missing
 */
export function openLoops(bytes: number): { readonly loops: Loops; readonly buffer: ArrayBuffer } {
  compiled ??= new WebAssembly.Module(readLoops());
  const pages = Math.ceil(bytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { loops: exports as Loops, buffer: memory.buffer };
}

function readLoops(): Uint8Array {
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, FILE));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(
    `The file ${FILE} is not in ${folders.join(' nor in ')}. ` +
      'Run "npm run build" in the sources, or install the extension again.',
  );
}
