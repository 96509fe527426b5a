import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Where a configured model lies. */
export interface ModelPlaces {
  /** Folder of the model that comes with the extension. */
  readonly bundled: string;
  /** Folders of the workspace on disk. */
  readonly workspace: readonly string[];
  readonly trusted: boolean;
}

/** The folder that a setting means: empty is the bundled model, `~` the home, a relative path the first workspace folder. */
export function modelFolder(setting: string, { bundled, workspace }: ModelPlaces): string {
  const path = setting.trim();
  if (path === '') return bundled;
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(workspace[0] ?? homedir(), path);
}

/** Why a folder must not be read now, in a sentence; undefined when it may. */
export function folderRefusal(folder: string, { workspace, trusted }: ModelPlaces): string | undefined {
  if (trusted || !workspace.some(root => inside(folder, root))) return undefined;
  return `The model folder ${folder} lies in a workspace that is not trusted, so it is not read.`;
}

function inside(folder: string, root: string): boolean {
  const path = relative(root, folder);
  return path === '' || !(path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path));
}
