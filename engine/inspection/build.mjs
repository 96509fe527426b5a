// Compiles the loops that go through tensors, from assembly/ to build/inspection.wasm.
import { cp, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const here = fileURLToPath(new URL('.', import.meta.url));
const file = 'inspection.wasm';

/** Compiles the loops into `folder`. */
export async function buildLoops(folder) {
  const { error, stderr } = await asc.main([
    'assembly/index.ts',
    '--baseDir',
    here,
    '--outFile',
    relative(here, join(folder, file)),
    ...['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', 'simd'],
  ]);
  if (error) throw new Error(`${file}: ${error.message}\n${stderr}`);
}

/** Builds the file and copies it to `folder`, where a bundle looks for it. */
export async function buildInspection(folder) {
  await mkdir(`${here}build`, { recursive: true });
  await buildLoops(`${here}build`);
  await mkdir(folder, { recursive: true });
  await cp(`${here}build/${file}`, join(folder, file));
}
