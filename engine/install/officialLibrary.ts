import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { findNative, NativeMissingError } from '../tensor/native/nativeFolder.ts';
import { InstallError } from './installError.ts';
import { isNetworkFailure } from './npm.ts';
import { runTool, type ToolOptions } from './runTool.ts';

/** The TensorFlow that the package downloads: 2.9.1 on x64, older builds elsewhere. */
export function officialVersion(platform = process.platform, arch = process.arch): string {
  if (arch === 'x64') return '2.9.1';
  return platform === 'darwin' || arch === 'arm64' ? '2.7' : '2.5';
}

/** Whether the package has a build with CUDA for this machine. */
export function hasOfficialCuda(platform = process.platform, arch = process.arch): boolean {
  return arch === 'x64' && (platform === 'linux' || platform === 'win32');
}

/**
 * Runs the package's own install script, which downloads libtensorflow and the addon from the host of its makers.
 * @param root folder of the installation @param folder of the package in it @throws InstallError
 */
export async function installOfficial(
  root: string,
  folder: string,
  device: 'cpu' | 'gpu',
  options: ToolOptions,
): Promise<void> {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`;
  const env = { ...(options.env ?? process.env), PATH: path };
  const script = ['scripts/install.js', device, 'download'];
  const { code, output } = await runTool('node', script, { ...options, cwd: folder, env });
  if (code === undefined) {
    throw new InstallError('node was not found on this machine.', 'Install Node.js and start VS Code again.');
  }
  // The script ends with 0 after some of its failures, so what counts is what it left.
  if (existsSync(join(folder, 'deps', 'lib')) && hasAddon(root)) {
    await mendWindows(root, folder);
    return;
  }
  if (isNetworkFailure(output)) {
    throw new InstallError(
      'The TensorFlow library cannot be downloaded from storage.googleapis.com.',
      'Check the network, build against the TensorFlow of a Python environment, or use a folder from another machine.',
    );
  }
  if (/gyp ERR!|node-pre-gyp/.test(output)) {
    throw new InstallError(
      'There is no ready addon for this machine, and it could not be compiled.',
      'Install a C++ compiler, make and Python, or build against the TensorFlow of a Python environment.',
    );
  }
  throw new InstallError(`The install script ended with exit code ${code}.`, 'The log has what it printed.');
}

function hasAddon(root: string): boolean {
  try {
    return Boolean(findNative(root));
  } catch (error) {
    if (error instanceof NativeMissingError) return false;
    throw error;
  }
}

/** On Windows the script puts the library beside another addon than the one it downloads (tfjs issue 8542). */
async function mendWindows(root: string, folder: string): Promise<void> {
  if (process.platform !== 'win32') return;
  const library = join(folder, 'deps', 'lib', 'tensorflow.dll');
  const beside = join(dirname(findNative(root).binding), 'tensorflow.dll');
  if (existsSync(library) && !existsSync(beside)) await copyFile(library, beside);
}
