import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import esbuild from 'esbuild';

/**
 * Rows as a module of this folder prints them, one JSON object a line, in a process of its own: kernels are registered
 * for a whole process. It is bundled with the engine's sources, which Node does not load by itself.
 */
export async function* bundledRows(name, args) {
  const child = spawn(process.execPath, [await bundle(name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text;
  });
  try {
    for await (const line of createInterface(child.stdout)) yield JSON.parse(line);
    const [code, signal] = await ended;
    if (code !== 0)
      throw new Error(`${name} ${args.join(' ')} ended with ${signal ?? code}: ${reasonIn(errors)}`);
  } finally {
    child.kill();
  }
}

/** Bundles a module of `folder`. @returns the bundle's path */
export async function bundle(name, folder = 'test/bench') {
  await mkdir('.bench', { recursive: true });
  // What the sources of the inspection look for beside a bundle.
  await cp('dist/inspection.wasm', '.bench/inspection.wasm');
  const outfile = join('.bench', `${name}.mjs`);
  await esbuild.build({
    entryPoints: [join(folder, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // For what a library of an older kind requires.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
    },
    logLevel: 'error',
    logOverride: { 'equals-negative-zero': 'silent' },
  });
  return outfile;
}

/** The line of an uncaught error that names it, else the last line before Node's own. */
function reasonIn(errors) {
  const lines = errors.trim().split('\n');
  const named = lines.find(line => /^(Uncaught )?\w*Error\b.*: /.test(line.trim()));
  return named ?? lines.findLast(line => line && !line.startsWith('Node.js v'));
}
