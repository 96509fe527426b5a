// Starts a VS Code server with this extension and a folder of its own for everything it writes.
import { execFile, spawn } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './setup.mjs';

/** Nothing that a first start would put between a reader and the extension. */
export const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Dark Modern',
  'window.autoDetectColorScheme': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'update.mode': 'none',
};

/** A port that was free a moment ago on 127.0.0.1. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Writes user settings over the quiet ones, before the start: the server does not watch them. */
async function writeSettings(folder, settings = {}) {
  await mkdir(join(folder, 'user-data/User'), { recursive: true });
  const text = JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2);
  await writeFile(join(folder, 'user-data/User/settings.json'), text);
}

/**
 * Starts code-server on 127.0.0.1 and waits until it answers.
 * @param options.folder an existing folder for profile, extensions and configuration
 * @param options.workspace the folder to open
 * @param options.vsix a package to install, in place of this working tree
 * @param options.beside folders of other extensions to install
 * @param options.trust true asks before the workspace is trusted, as a fresh VS Code does
 * @param options.log receives every chunk of the server's output
 * @returns the page's address, the server's process id and `stop()`
 */
export async function startCodeServer({
  entry,
  node,
  folder,
  workspace,
  settings,
  vsix,
  beside = [],
  trust = false,
  log = () => {},
}) {
  const extensions = join(folder, 'extensions');
  await mkdir(extensions, { recursive: true });
  await writeSettings(folder, settings);
  await writeFile(join(folder, 'config.yaml'), '');
  const paths = [
    ...['--config', join(folder, 'config.yaml')],
    ...['--user-data-dir', join(folder, 'user-data')],
    ...['--extensions-dir', extensions],
  ];
  const env = serverEnvironment(folder);
  if (vsix) await installPackage(node, [entry, ...paths, '--install-extension', vsix], env);
  else await symlink(root, join(extensions, 'hopescope.hopescope'), 'dir');
  for (const [i, other] of beside.entries()) await symlink(other, join(extensions, `beside.${i}`), 'dir');
  const port = await freePort();
  const flags = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'];
  if (!trust) flags.push('--disable-workspace-trust');
  const place = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`];
  const child = spawn(node, [entry, ...paths, ...place, ...flags, workspace], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  child.stdout.on('data', chunk => log(String(chunk)));
  child.stderr.on('data', chunk => log(String(chunk)));
  const exited = new Promise(resolve => child.once('exit', resolve));
  let stopped;
  const stop = () => (stopped ??= stopGroup(child, exited));
  try {
    await answers(`http://127.0.0.1:${port}/healthz`, child);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `http://127.0.0.1:${port}/?folder=${encodeURIComponent(workspace)}`;
  return { url, pid: child.pid, exited, stop };
}

async function installPackage(node, args, env) {
  await promisify(execFile)(node, args, { env }).catch(error => {
    throw new Error(`The package could not be installed: ${error.stderr || error.message}`);
  });
}

/** A VS Code around us must not be taken for ours, and no gallery is asked for anything. */
function serverEnvironment(folder) {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER|NODE_OPTIONS)/.test(name),
  );
  return {
    ...Object.fromEntries(entries),
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
}

async function answers(url, child) {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    if (child.exitCode !== null || child.signalCode) throw new Error('code-server ended before it answered.');
    try {
      if ((await fetch(url)).ok) return;
    } catch {}
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error('code-server did not answer within 60 seconds.');
}

/** Asks the server's whole process group to end, then ends it. */
async function stopGroup(child, exited) {
  const signal = name => {
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  signal('SIGTERM');
  const late = new Promise(resolve => setTimeout(resolve, 5_000, 'late').unref());
  if ((await Promise.race([exited, late])) === 'late') signal('SIGKILL');
  await exited;
  signal('SIGKILL');
}
