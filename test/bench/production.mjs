import { execFileSync } from 'node:child_process';
import { root } from '../vscode/setup.mjs';

const build = (...options) => execFileSync(process.execPath, ['esbuild.mjs', ...options], { cwd: root });

/** Answers `measure`, made on the bundles that users get, and puts the usual ones back. */
export async function onProductionBundles(measure) {
  try {
    build('--production');
    return await measure();
  } finally {
    build();
  }
}
