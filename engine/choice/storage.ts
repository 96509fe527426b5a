import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the command line keeps measurements and the native backend: `HOPESCOPE_HOME`, or the folder that the system
 * has for a program's data. The extension has a folder of its own from VS Code.
 */
export function storageFolder(env: NodeJS.ProcessEnv = process.env, system = process.platform): string {
  if (env.HOPESCOPE_HOME) return env.HOPESCOPE_HOME;
  if (system === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'hopescope');
  if (system === 'darwin') return join(homedir(), 'Library', 'Application Support', 'hopescope');
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'hopescope');
}

/** The native backend inside a storage folder. */
export function nativeFolderIn(storage: string): string {
  return join(storage, 'native');
}
