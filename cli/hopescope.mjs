#!/usr/bin/env node
// Starts the command line on a Node that has what the engine needs (node:sqlite, relaxed SIMD): this one, or the
// `node` package of a development checkout.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const at = path => fileURLToPath(new URL(path, import.meta.url));
const cli = at('../dist/cli.cjs');
const newEnough = Number(process.versions.node.split('.')[0]) >= 24;
const own = ['../node_modules/node/bin/node', '../node_modules/node/bin/node.exe'].map(at).find(existsSync);

if (!existsSync(cli)) {
  refuse('the bundle is missing; run "npm run build" first');
} else if (newEnough) {
  await import('../dist/cli.cjs');
} else if (own) {
  const child = spawn(own, [cli, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', error => refuse(`${own} does not start (${error.message}); run "npm ci" again`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
} else {
  refuse(`needs Node 24 or newer, this is ${process.version}; run "npm ci" for one of its own`);
}

function refuse(reason) {
  console.error(`hopescope: ${reason}`);
  process.exitCode = 1;
}
