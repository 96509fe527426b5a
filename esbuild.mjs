// Bundles, one comment each. `node esbuild.mjs [--watch] [--production]`
import esbuild from 'esbuild';
import { buildTensor } from './engine/tensor/build.mjs';

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

/**
 * Libraries that the extension needs only once it is used, by the name of their bundle: beside its own bundle, Node
 * need not read and compile them to activate it. Each has one bundle, for several hold the class of an error.
 */
const later = {
  jsonrpc: 'vscode-jsonrpc/node',
  debugadapter: '@vscode/debugadapter',
  // Its other entry loads its parts by names that a bundler does not see.
  jsonc: 'jsonc-parser/lib/esm/main.js',
  messenger: 'vscode-messenger',
};
const names = {
  'vscode-jsonrpc': 'jsonrpc',
  'vscode-jsonrpc/node': 'jsonrpc',
  '@vscode/debugadapter': 'debugadapter',
  'jsonc-parser': 'jsonc',
  'vscode-messenger': 'messenger',
};
const besides = {
  name: 'libraries beside the bundle',
  setup(build) {
    const filter = new RegExp(`^(${Object.keys(names).join('|')})$`);
    build.onResolve({ filter }, ({ path }) => ({ path: `./lib/${names[path]}.cjs`, external: true }));
  },
};

const bundles = [
  // The extension host's part; VS Code provides `vscode`.
  {
    ...node,
    entryPoints: { extension: 'extension/extension.ts' },
    external: ['vscode'],
    plugins: [besides],
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
      logThread: 'engine/run/logThread.ts',
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
await buildTensor('dist');
if (watch) for (const options of bundles) await (await esbuild.context(options)).watch();
else await Promise.all(bundles.map(options => esbuild.build(options)));
