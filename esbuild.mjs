// Bundles, one comment each. `node esbuild.mjs [--watch] [--production]`
import { cp, mkdir } from 'node:fs/promises';
import esbuild from 'esbuild';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const shared = { bundle: true, minify: production, sourcemap: !production, logLevel: 'warning', outdir: 'dist' };
const node = { ...shared, platform: 'node', target: 'node24', format: 'cjs', outExtension: { '.js': '.cjs' } };

const bundles = [
  // The extension host's part; VS Code provides `vscode`.
  { ...node, entryPoints: { extension: 'extension/extension.ts' }, external: ['vscode'] },
  // The engine process and the command line, the same engine without an editor.
  { ...node, entryPoints: { engine: 'engine/main.ts', cli: 'engine/cli.ts' } },
  // One page a view.
  {
    ...shared,
    platform: 'browser',
    target: 'es2023',
    format: 'iife',
    entryPoints: { 'webviews/levels': 'webviews/levels/main.ts' },
    loader: { '.ttf': 'file' },
  },
];

/** Files that are loaded at run time from beside the bundles. */
async function copyAssets() {
  await mkdir('dist', { recursive: true });
  for (const build of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
    await cp(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${build}`, `dist/${build}`);
  }
}

await copyAssets();
if (watch) for (const options of bundles) await (await esbuild.context(options)).watch();
else await Promise.all(bundles.map(options => esbuild.build(options)));
