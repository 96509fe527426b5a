// Bundles, one comment each. `node esbuild.mjs [--watch] [--production]`
import esbuild from 'esbuild';
import { buildInspection } from './engine/inspection/build.mjs';
import { buildTensor } from './engine/tensor/build.mjs';
import { besides, later, oneVscode } from './extension/build.mjs';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const shared = {
  bundle: true,
  minify: production,
  sourcemap: !production,
  logLevel: 'warning',
  // The tensor library compares with -0 where 0 will do.
  logOverride: { 'equals-negative-zero': 'silent' },
  outdir: 'dist',
};
const node = {
  ...shared,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // A bundle looks for the files that lie beside it.
  define: { 'import.meta.dirname': '__dirname' },
};

const bundles = [
  // The extension host's part; VS Code provides `vscode`.
  {
    ...node,
    entryPoints: { extension: 'extension/extension.ts' },
    plugins: [besides, oneVscode],
    // What is imported when it is needed is required then: the same in every extension host.
    supported: { 'dynamic-import': false },
  },
  {
    ...node,
    entryPoints: Object.fromEntries(Object.entries(later).map(([name, entry]) => [`lib/${name}`, entry])),
  },
  // The engine process, the process that one backend is tried in, the one that looks into checkpoints, the command
  // line (the same engine without an editor), and the threads of a recorded and of a meta-learning training.
  {
    ...node,
    entryPoints: {
      engine: 'engine/main.ts',
      candidate: 'engine/candidate.ts',
      inspector: 'engine/inspector.ts',
      cli: 'cli/main.ts',
      runFileWorker: 'engine/run/runFileWorker.ts',
      gradientWorker: 'engine/train/gradientWorker.ts',
    },
  },
  // One page a view.
  {
    ...shared,
    platform: 'browser',
    target: 'es2023',
    format: 'iife',
    entryPoints: {
      'webviews/levels': 'webviews/levels/main.ts',
      'webviews/timeline': 'webviews/timeline/main.ts',
      'webviews/tensor': 'webviews/tensor/main.ts',
    },
    loader: { '.ttf': 'file' },
  },
];

// The bundles read these while they are built and load the rest from beside themselves.
await Promise.all([buildTensor('dist'), buildInspection('dist')]);
if (watch) for (const options of bundles) await (await esbuild.context(options)).watch();
else await Promise.all(bundles.map(options => esbuild.build(options)));
