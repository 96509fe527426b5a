import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativePackageName } from '../tensor/native/nativeFolder.ts';
import { InstallError } from './installError.ts';
import { runTool, type ToolOptions } from './runTool.ts';

/** What npm, curl and Node's own requests print when a host cannot be reached. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|socket hang up|network/;

export function isNetworkFailure(output: string): boolean {
  return NO_NETWORK.test(output);
}

/**
 * Installs a package and what it needs into a folder, exactly as the lock file that comes with Hopescope names it: npm
 * compares every archive with the checksum there. No install script runs. @throws InstallError
 */
export async function installLocked(name: NativePackageName, options: ToolOptions): Promise<void> {
  await cp(lockFolder(name), options.cwd, { recursive: true });
  const flags = ['--ignore-scripts', '--install-links', '--no-audit', '--no-fund', '--no-update-notifier'];
  const { code, output } = await runTool('npm', ['ci', ...flags], options);
  if (code === 0) return;
  // A shell says with its exit code that there is no such command.
  if (code === undefined || code === 127 || (code === 1 && /is not recognized/.test(output))) {
    throw new InstallError(
      'npm was not found on this machine.',
      'Install Node.js, which brings npm, and start VS Code again; or use a folder from another machine.',
    );
  }
  if (output.includes('EINTEGRITY')) {
    throw new InstallError(
      'What npm downloaded has another checksum than the lock file, so nothing was installed.',
      'Try again; if it happens again, ask whoever runs your npm mirror.',
    );
  }
  if (isNetworkFailure(output)) {
    throw new InstallError(
      'The npm registry cannot be reached.',
      'Check the network and the proxy of npm; without one, use a folder from another machine.',
    );
  }
  throw new InstallError(`npm ended with exit code ${code}.`, 'The log has what it printed.');
}

/** Folder with package.json and package-lock.json: beside the bundle's folder, or from the sources. */
function lockFolder(name: NativePackageName): string {
  const inside = join('media', 'native', name.slice('@tensorflow/'.length));
  const bundled = join(import.meta.dirname, '..', inside);
  return existsSync(bundled) ? bundled : join(import.meta.dirname, '..', '..', inside);
}
