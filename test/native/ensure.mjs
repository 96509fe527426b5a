// A genuine libtensorflow for the tests, in `.native/`: TensorFlow for the CPU from pip in a Python environment of its
// own, and the addon that `hopescope backends install --python` builds against it. Kept between runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../vscode/setup.mjs';

const folder = join(root, '.native');
const python = join(folder, 'python', 'bin', 'python');
const installed = join(folder, 'installed');
const stateFile = join(folder, 'state.json');
/** Together they stay under what a run may take; a slow network makes the tests skip, not fail. */
const LIMIT_MS = { environment: 30_000, pip: 120_000, install: 120_000 };
/** What the installation depends on. */
const SOURCES = ['engine/install', 'engine/tensor/native/nativeFolder.ts', 'media/native/tfjs-node'];

/**
 * Makes sure that the native backend is built, or finds out why it cannot be, and writes either to `.native/state.json`,
 * where tests look. Says in words what it does. @param node binary of the Node that runs the engine
 */
export async function ensureNative(node) {
  const key = await sourcesKey();
  const known = JSON.parse(await readFile(stateFile, 'utf8').catch(() => '{}'));
  if (known.key === key && existsSync(known.folder ?? '')) return;
  await mkdir(folder, { recursive: true });
  const reason = (await makePython()) ?? (await install(node));
  await writeFile(stateFile, JSON.stringify(reason ? { key, reason } : { key, folder: installed, python }));
  console.log(reason ? `Native TensorFlow is not tested: ${reason}.` : 'Native TensorFlow: built.');
}

async function makePython() {
  if (process.platform === 'win32') return 'no addon can be built against TensorFlow for Python on Windows';
  const name = process.platform === 'darwin' ? 'tensorflow' : 'tensorflow-cpu';
  if ((await run(python, ['-m', 'pip', 'show', name], 30_000)).code === 0) return undefined;
  console.log(`Native TensorFlow: getting ${name} from pip (some 250 MB, once)…`);
  await rm(join(folder, 'python'), { recursive: true, force: true });
  const made = await run('python3', ['-m', 'venv', join(folder, 'python')], LIMIT_MS.environment);
  if (made.code !== 0) return `python3 -m venv failed: ${made.last}`;
  // TensorFlow itself is never imported: what it depends on in Python is not needed.
  const quick = [
    '--no-deps',
    '--no-cache-dir',
    '--disable-pip-version-check',
    '--retries',
    '1',
    '--timeout',
    '15',
  ];
  const pip = ['-m', 'pip', 'install', ...quick, name];
  const got = await run(python, pip, LIMIT_MS.pip);
  return got.code === 0 ? undefined : `pip cannot install ${name}: ${got.last}`;
}

async function install(node) {
  console.log('Native TensorFlow: hopescope backends install --python …');
  const args = [
    join(root, 'dist', 'cli.cjs'),
    'backends',
    'install',
    '--python',
    python,
    '--into',
    installed,
  ];
  const { code, last } = await run(node, args, LIMIT_MS.install);
  return code === 0 ? undefined : `it cannot be installed: ${last}`;
}

/** Runs a program; answers with its exit code and the last line that it printed. */
function run(command, args, limit) {
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: limit });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        output += text;
      });
    }
    child.once('error', error => resolve({ code: null, last: error.message }));
    child.once('close', (code, signal) => {
      const line = output.trim().split('\n').at(-1)?.trim().replace(/\.$/, '');
      resolve({ code, last: signal ? `no end within ${limit / 1000} s` : line || 'it printed nothing' });
    });
  });
}

async function sourcesKey() {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesOf(join(root, source))) hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

/** A file itself, or those of a folder. */
async function filesOf(path) {
  if ((await stat(path)).isFile()) return [path];
  const names = await readdir(path, { recursive: true, withFileTypes: true });
  return names
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}
