// Builds what engine/tensor loads at run time, into engine/tensor/build: the tensor library as one module with
// its gradients and one with its WebGPU backend (its own files have no extensions in their imports, so Node cannot
// load them one by one), the library's wasm binary, and our kernels.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import esbuild from 'esbuild';
import { shareMemory } from './wasm/shareMemory.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const library = 'tfjs-backend-wasm-simd.wasm';

/** What lies beside a bundle that opens a backend. */
export const tensorAssets = [library, 'kernels-simd.wasm', 'kernels-relaxed.wasm', 'kernelThread.cjs'];

async function buildLibrary() {
  await esbuild.build({
    entryPoints: { tfjs: `${here}tfjs/index.mjs`, tfjsWebgpu: `${here}tfjs/webgpu.mjs` },
    outdir: `${here}build`,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'tfjsShared',
    bundle: true,
    // Both are one library: its registries of kernels and backends exist once.
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'error',
    // The library's own glue asks for Node's modules by require.
    banner: {
      js: "const require = name => process.getBuiltinModule(name);\nconst __dirname = '.';",
    },
  });
}

/** The thread of a kernel pool. */
async function buildThread() {
  await esbuild.build({
    entryPoints: { kernelThread: `${here}wasm/pool/kernelThread.ts` },
    outdir: `${here}build`,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
  });
}

async function buildKernelFile(folder, name, features) {
  const { error, stderr } = await asc.main([
    'wasm/assembly/index.ts',
    '--baseDir',
    here,
    '--outFile',
    relative(here, join(folder, name)),
    ...['-O3', '--noAssert', '--runtime', 'stub'],
    // The library's memory, which `buildTensor` makes a shared one.
    ...['--importMemory', '--sharedMemory', '--initialMemory', '256', '--maximumMemory', '65536'],
    ...features.flatMap(feature => ['--enable', feature]),
  ]);
  if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
}

/** Compiles our kernels into `folder`, once without and once with fused multiply-add. */
export async function buildKernels(folder) {
  await buildKernelFile(folder, 'kernels-simd.wasm', ['threads', 'simd']);
  await buildKernelFile(folder, 'kernels-relaxed.wasm', ['threads', 'simd', 'relaxed-simd']);
}

/** Builds everything and copies the binaries to `folder`, where a bundle looks for them. */
export async function buildTensor(folder) {
  await mkdir(`${here}build`, { recursive: true });
  await buildKernels(`${here}build`);
  const binary = await readFile(`${root}node_modules/@tensorflow/tfjs-backend-wasm/dist/${library}`);
  await writeFile(`${here}build/${library}`, shareMemory(binary));
  await buildLibrary();
  await buildThread();
  await mkdir(folder, { recursive: true });
  for (const asset of tensorAssets) await cp(`${here}build/${asset}`, `${folder}/${asset}`);
}
