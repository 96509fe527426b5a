// What the extension's bundle leaves out or takes in only once, so that it is quick to load.
import { glob, readFile } from 'node:fs/promises';

/**
 * Libraries that the extension needs only once it is used, by the name of their bundle: beside its own bundle, Node
 * need not read and compile them to activate it. Each has one bundle, for several hold the class of an error.
 */
export const later = {
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
export const besides = {
  name: 'libraries beside the bundle',
  setup(build) {
    const filter = new RegExp(`^(${Object.keys(names).join('|')})$`);
    build.onResolve({ filter }, ({ path }) => ({ path: `./lib/${names[path]}.cjs`, external: true }));
  },
};

/**
 * `vscode` as one module of the bundle. Otherwise every file of ours would require it for itself and copy its hundreds
 * of members. The names are those that our files mention.
 */
export const oneVscode = {
  name: 'one vscode',
  setup(build) {
    build.onResolve({ filter: /^vscode$/ }, ({ namespace }) =>
      namespace === 'one vscode'
        ? { path: 'vscode', external: true }
        : { path: 'vscode', namespace: 'one vscode' },
    );
    build.onLoad({ filter: /.*/, namespace: 'one vscode' }, async () => {
      const names = new Set();
      for await (const file of glob('extension/**/*.ts')) {
        for (const [, name] of (await readFile(file, 'utf8')).matchAll(/\bvscode\.(\w+)/g)) names.add(name);
      }
      return { contents: `export const { ${[...names].sort().join(', ')} } = require('vscode');` };
    });
  },
};
