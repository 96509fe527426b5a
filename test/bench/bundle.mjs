import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import esbuild from 'esbuild';

/** Bundles a module of this folder with the engine's sources, which Node does not load by itself, and imports it. */
export async function importBundled(name) {
  await mkdir('.bench', { recursive: true });
  const outfile = join('.bench', `${name}.mjs`);
  await esbuild.build({
    entryPoints: [`test/bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    logLevel: 'error',
    logOverride: { 'equals-negative-zero': 'silent' },
  });
  return import(pathToFileURL(outfile).href);
}
