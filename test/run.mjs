// `npm test [-- PART… [FILTER…]]`: builds, then checks types, runs vitest and the end-to-end tests.
// PART is types, unit, golden, engine, webview or e2e; FILTER is a piece of a test file's path.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { ensureNative } from './native/ensure.mjs';
import { ensureChromium, ensureCodeServer, ensureNode, root } from './vscode/setup.mjs';

const PROJECTS = ['unit', 'golden', 'engine', 'webview'];
const PARTS = ['types', ...PROJECTS, 'e2e'];

const asked = process.argv.slice(2).filter(argument => PARTS.includes(argument));
const filters = process.argv.slice(2).filter(argument => !PARTS.includes(argument));
const wanted = part => (asked.length ? asked.includes(part) : !filters.length || part !== 'types');

const node = await ensureNode();
const env = {
  ...process.env,
  PATH: `${dirname(node.binary)}${delimiter}${process.env.PATH}`,
  FORCE_COLOR: '0',
};
const folder = await mkdtemp(join(tmpdir(), 'hopescope-test-'));
const counts = { passed: 0, failed: 0 };
const broken = [];
/** End-to-end files that passed at the second try only. */
const unsteady = [];

/**
 * Runs Node 24 on these arguments with our output; answers the exit code.
 * @param whole whether what it says is shown in one piece when it has ended, for others run beside it
 */
function runNode(args, whole = false) {
  return new Promise((resolve, reject) => {
    const output = whole ? 'pipe' : 'inherit';
    const child = spawn(node.binary, args, { cwd: root, env, stdio: ['ignore', output, output] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => said.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.stdout.write(Buffer.concat(said));
      resolve(signal ? 1 : code);
    });
  });
}

/** Whether tests of the native backend are among those asked for. */
function needsNative(projects) {
  const there = projects.includes('golden') || projects.includes('engine');
  return there && (filters.length === 0 || filters.some(filter => /native|tensorflow/i.test(filter)));
}

/** Counts one runner's tests. A runner that fails without naming a test counts as one failure. */
function count(passed, failed, code, name) {
  counts.passed += passed;
  counts.failed += failed;
  if (code !== 0 || failed) broken.push(name);
  if (code !== 0 && !failed) counts.failed += 1;
}

/** A Chromium also brings the software driver that the WebGPU tests compute on. */
async function ensureDriver() {
  try {
    await ensureChromium();
  } catch (error) {
    if (process.env.CI) throw error;
    console.warn(`The WebGPU tests may find no driver: ${error.message}`);
  }
}

async function runVitest(projects) {
  const report = join(folder, 'vitest.json');
  const code = await runNode([
    'node_modules/vitest/vitest.mjs',
    'run',
    ...filters,
    ...projects.map(name => `--project=${name}`),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(filters.length ? ['--passWithNoTests'] : []),
  ]);
  const result = JSON.parse(await readFile(report, 'utf8').catch(() => '{}'));
  count(result.numPassedTests ?? 0, result.numFailedTests ?? 0, code, 'vitest');
}

/** Runs a file of end-to-end tests; answers the counts and the exit code. */
async function runFile(file) {
  const report = join(folder, `${basename(file)}.tap`);
  const args = [
    '--test',
    '--test-timeout=300000',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${report}`,
    file,
  ];
  const code = await runNode(args, true);
  const tap = await readFile(report, 'utf8').catch(() => '');
  const number = name => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  return { passed: number('pass'), failed: number('fail') + number('cancelled'), code };
}

/**
 * Every file in a VS Code of its own, two at a time, for much of a test is waiting. A file that fails is run once more,
 * alone, for a busy machine can take a key from a window; one that passes only then is named at the end, to be looked
 * into.
 */
async function runEndToEnd() {
  const names = (await readdir(join(root, 'test/e2e'))).filter(name => name.endsWith('.test.mjs')).sort();
  const files = names.map(name => `test/e2e/${name}`);
  const chosen = files.filter(file => !filters.length || filters.some(filter => file.includes(filter)));
  if (!chosen.length) return;
  await ensureCodeServer(node);
  await ensureChromium();
  const waiting = [...chosen];
  const failed = [];
  const runWaiting = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const { passed, failed: faults, code } = await runFile(file);
      if (code === 0) count(passed, faults, code, file);
      else failed.push(file);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, runWaiting));
  for (const file of failed) {
    console.log(`\n${file} failed and is run once more.\n`);
    const { passed, failed: faults, code } = await runFile(file);
    if (code === 0) unsteady.push(file);
    count(passed, faults, code, file);
  }
}

/** A step that everything after it needs, or that is no test runner. */
async function step(name, args) {
  const code = await runNode(args);
  if (code === 0) return true;
  broken.push(name);
  counts.failed += 1;
  return false;
}

try {
  if (await step('build', ['esbuild.mjs'])) {
    if (wanted('types')) await step('types', ['node_modules/typescript/bin/tsc', '--build']);
    const projects = PROJECTS.filter(wanted);
    if (needsNative(projects)) await ensureNative(node.binary);
    if (projects.includes('engine')) await ensureDriver();
    if (projects.length) await runVitest(projects);
    if (wanted('e2e')) await runEndToEnd();
  }
} catch (error) {
  broken.push(error.message);
  counts.failed += 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (counts.passed + counts.failed === 0) broken.push(`no test file matches ${filters.join(' ')}`);
const reason = broken.length ? ` (${broken.join('; ')})` : '';
console.log(`\n${counts.passed} passed, ${counts.failed} failed${reason}`);
if (unsteady.length) console.log(`Passed only when run once more: ${unsteady.join(', ')}`);
process.exitCode = broken.length ? 1 : 0;
