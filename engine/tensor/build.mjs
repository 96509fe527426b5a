// Builds what engine/tensor loads at run time, into engine/tensor/build: the tensor library as one module with
// its gradients and one with its WebGPU backend (its own files have no extensions in their imports, so Node cannot
// load them one by one), the library's wasm binary, and our kernels.
import { cp, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import esbuild from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const library = 'tfjs-backend-wasm-simd.wasm';

/** The binaries that lie beside a bundle that opens a backend. */
export const tensorAssets = [library, 'kernels-simd.wasm', 'kernels-relaxed.wasm'];

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

async function buildKernelFile(folder, name, features) {
  const { error, stderr } = await asc.main([
    'wasm/assembly/index.ts',
    '--baseDir',
    here,
    '--outFile',
    relative(here, join(folder, name)),
    ...['-O3', '--noAssert', '--runtime', 'stub', '--importMemory'],
    ...features.flatMap(feature => ['--enable', feature]),
  ]);
  if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
}

/** Compiles our kernels into `folder`, once without and once with fused multiply-add. */
export async function buildKernels(folder) {
  await buildKernelFile(folder, 'kernels-simd.wasm', ['simd']);
  await buildKernelFile(folder, 'kernels-relaxed.wasm', ['simd', 'relaxed-simd']);
}

/** Builds everything and copies the binaries to `folder`, where a bundle looks for them. */
export async function buildTensor(folder) {
  await mkdir(`${here}build`, { recursive: true });
  await buildKernels(`${here}build`);
  await cp(`${root}node_modules/@tensorflow/tfjs-backend-wasm/dist/${library}`, `${here}build/${library}`);
  await buildLibrary();
  await mkdir(folder, { recursive: true });
  for (const asset of tensorAssets) await cp(`${here}build/${asset}`, `${folder}/${asset}`);
}
