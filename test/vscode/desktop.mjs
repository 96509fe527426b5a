// Finds a desktop VS Code, and tells it from the `code` that a remote or a server puts on the PATH.
import { readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { onPath } from './system.mjs';

const MAC = 'Applications/Visual Studio Code.app/Contents/Resources/app/bin/code';

/** The program that opens a desktop VS Code, or undefined. */
export function findDesktop() {
  if (process.env.VSCODE_IPC_HOOK_CLI) return undefined; // a remote's terminal: its `code` talks to a window elsewhere
  const names = process.platform === 'win32' ? ['code.cmd'] : ['code', 'code-insiders', 'codium'];
  const found = onPath(...names) ?? onPath(join('/', MAC), join(homedir(), MAC));
  if (!found) return undefined;
  const display = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  return display && isDesktop(found) ? found : undefined;
}

/** A remote's command line lives in a server's folder or loads a server's script; desktop's starts Electron. */
function isDesktop(path) {
  const target = realpathSync(path);
  if (/remote-cli|vscode-server|code-server|openvscode/.test(target)) return false;
  const start = readFileSync(target).subarray(0, 4096).toString('latin1');
  return !/remote-cli|code-server|server-cli/.test(start);
}
