import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './setup.mjs';

/** Packs what is built into a package to install; answers its path. @param folder an existing folder for it */
export async function packageExtension(folder) {
  const vsix = join(folder, 'hopescope.vsix');
  const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
  const args = [vsce, 'package', '--no-dependencies', '-o', vsix];
  await promisify(execFile)(process.execPath, args, { cwd: root });
  return vsix;
}
