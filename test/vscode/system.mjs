// Programs that npm cannot bring: found on the machine, installed from Debian as root, or asked for by name.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Full path of the first of these programs on the PATH, or undefined. */
export function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      try {
        const path = join(folder, name);
        accessSync(path, constants.X_OK);
        return path;
      } catch {}
    }
  }
}

/** `$CHROMIUM`, or the Chromium or Chrome on the PATH. @throws Error when `$CHROMIUM` names nothing that runs. */
export function findChromium() {
  const wanted = process.env.CHROMIUM;
  if (!wanted) return onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  try {
    accessSync(wanted, constants.X_OK);
    return wanted;
  } catch {
    throw new Error(`CHROMIUM is set to ${wanted}, which is no program. Correct it, or unset it.`);
  }
}

/** Installs Debian's packages. @throws Error with the line to type where this process may not. */
function aptInstall(packages, purpose, say) {
  const line = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const advice = `${purpose} Install it, then run this again. On Debian or Ubuntu, as root: ${line}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) throw new Error(advice);
  say(`${purpose} Installing Debian's packages: ${packages.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], line.split(' ').slice(1)]) {
    const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env });
    if (status !== 0)
      throw new Error(`\`apt-get ${args.join(' ')}\` failed with exit code ${status}. ${advice}`);
  }
}

export function installChromium(say) {
  // Without recommended packages Debian's Chromium may come with no font at all.
  const purpose =
    'The end-to-end tests drive a real Chromium and none was found ($CHROMIUM, chromium, google-chrome).';
  aptInstall(['chromium', 'fonts-dejavu-core'], purpose, say);
  const found = findChromium();
  if (!found) throw new Error('chromium was installed, but no such program is on the PATH.');
  return found;
}

/** code-server's two native modules are compiled once. */
export function installCompiler(say) {
  const missing = ['g++', 'make', 'python3'].filter(program => !onPath(program));
  if (!missing.length) return;
  aptInstall(missing, `code-server needs ${missing.join(', ')} to compile its native modules.`, say);
}
