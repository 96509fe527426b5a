import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { hasOfficialCuda, officialVersion } from '../../engine/install/officialLibrary.ts';
import { runTool } from '../../engine/install/runTool.ts';
import { runBackendsCommand } from '../../extension/backends/installProcess.ts';
import { runCli, runJson, startCli } from '../support/cli.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let into: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hopescope-install-'));
  into = join(folder, 'storage', 'native');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const install = (...args: string[]) => ['backends', 'install', '--into', into, ...args];
const leftovers = () => readdir(join(folder, 'storage')).catch(() => []);

/** A PATH with nothing but these programs of the real one. */
async function pathWith(...names: string[]): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const name of names) {
    const real = process.env
      .PATH!.split(delimiter)
      .map(each => join(each, name))
      .find(each => existsSync(each));
    if (!real) throw new Error(`${name} is not on the PATH`);
    await symlink(real, join(bin, name));
  }
  return bin;
}

/** A Python that answers as one with this TensorFlow package would. */
async function pythonWith(answer: object): Promise<string> {
  const path = join(folder, 'python');
  await writeFile(path, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`, { mode: 0o755 });
  return path;
}

/** Refused in one line, and nothing is left. */
async function refused(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { env });
  expect(code, stderr).toBe(1);
  expect(stdout).toBe('');
  expect(await leftovers()).toEqual([]);
  return stderr.trim().split('\n').at(-1)!;
}

describe('an installation is refused in words and leaves nothing', () => {
  test('without a source, or with two', async () => {
    const words = 'hopescope: Say where TensorFlow is to come from: one of --cpu, --cuda and --python.';
    expect(await refused(install())).toBe(words);
    expect(await refused(install('--cpu', '--cuda'))).toBe(words);
  });

  test('with a Python that is none', async () => {
    expect(await refused(install('--python', join(folder, 'nothing')))).toBe(
      `hopescope: ${join(folder, 'nothing')} is not a Python that runs: there is no such program. Choose another interpreter.`,
    );
    expect(await refused(install('--python', 'false'))).toMatch(
      /false is not a Python that runs: it printed nothing\./,
    );
  });

  test('with a Python without TensorFlow, or with one that cannot be built against', async () => {
    const without = await pythonWith({ folder: null, version: null });
    expect(await refused(install('--python', without))).toMatch(
      /has no TensorFlow\. Install it there \(pip install tensorflow, or tensorflow\[and-cuda\] for CUDA\)/,
    );
    const old = await pythonWith({ folder: join(folder, 'tensorflow'), version: '2.4.0' });
    expect(await refused(install('--python', old))).toMatch(
      /TensorFlow 2\.4\.0 of .*python cannot be built against: .*libtensorflow_cc.* is missing\./,
    );
  });

  test('without npm', async () => {
    const PATH = await pathWith('sh');
    expect(await refused(install('--cpu'), { PATH })).toMatch(
      /^hopescope: npm was not found on this machine\. Install Node\.js/,
    );
  });

  test('without a network', async () => {
    const nowhere = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };
    const env = { ...nowhere, npm_config_cache: join(folder, 'cache') };
    expect(await refused(install('--cpu'), env)).toMatch(
      /^hopescope: The npm registry cannot be reached\. Check the network/,
    );
  });

  test('into a folder that cannot be made', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, stderr } = await runCli([
      'backends',
      'install',
      '--cpu',
      '--into',
      join(file, 'x', 'native'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot be written to: part of its path is not a folder\. Check the folder\./);
  });
});

test('the official library is known for each system', () => {
  expect(officialVersion('linux', 'x64')).toBe('2.9.1');
  expect(officialVersion('darwin', 'arm64')).toBe('2.7');
  expect(hasOfficialCuda('linux', 'x64')).toBe(true);
  expect(hasOfficialCuda('win32', 'x64')).toBe(true);
  expect(hasOfficialCuda('darwin', 'arm64')).toBe(false);
});

test('an aborted tool ends with all that it started', async () => {
  const stop = new AbortController();
  const marker = join(folder, 'marker');
  const script = `sh -c 'sleep 2; touch ${marker}' & wait`;
  const options = { cwd: folder, signal: stop.signal };
  const running = runTool('sh', ['-c', script], options);
  setTimeout(() => stop.abort(new Error('enough')), 200);
  await expect(running).rejects.toThrow('enough');
  await new Promise(resolve => setTimeout(resolve, 2500));
  expect(existsSync(marker)).toBe(false);
});

test('removing what is not there says so', async () => {
  expect(await runJson(['backends', 'uninstall', '--into', into])).toEqual({ folder: into, removed: false });
});

describe.skipIf(!native.python)(
  `installing against the library of ${nativeTitle}`,
  { timeout: 300_000 },
  () => {
    test('takes the place of what was there, works, says when its library is gone, and is removed', async () => {
      await mkdir(into, { recursive: true });
      await writeFile(join(into, 'old'), '');
      const installed = await runJson(install('--python', native.python!));
      expect(installed).toMatchObject({
        ...{ package: '@tensorflow/tfjs-node', source: 'python', label: 'TensorFlow CPU', folder: into },
        tensorflow: expect.stringMatching(/^2\.\d+\.\d+/),
      });
      expect(existsSync(join(into, 'old'))).toBe(false);
      expect(await leftovers()).toEqual(['native']);
      // The tensor library that the engine gives is not downloaded again.
      expect(await readdir(join(into, 'node_modules', '@tensorflow', 'tfjs'))).toEqual(['package.json']);

      const record = JSON.parse(await readFile(join(into, 'hopescope-native.json'), 'utf8'));
      // The addon looks for the library where it was; the same file with that place overwritten finds none.
      const addon = join(into, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node');
      const bytes = await readFile(addon);
      const at = bytes.indexOf(record.library);
      expect(at).toBeGreaterThan(0);
      bytes.write('/gone', at);
      await writeFile(addon, bytes);
      const { code, stderr } = await runCli(['inspect', '--backend', 'tensorflow'], {
        env: { HOPESCOPE_HOME: join(folder, 'storage') },
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /cannot be used: the library libtensorflow_cc\.so\.2 of .*, which it was built with, is not there any more; install the native backend again/,
      );

      expect(await runJson(['backends', 'uninstall', '--into', into])).toMatchObject({ removed: true });
      expect(await leftovers()).toEqual([]);
    });

    test('without a compiler is refused before anything is downloaded', async () => {
      const PATH = await pathWith('sh');
      expect(await refused(install('--python', native.python!), { PATH })).toMatch(
        /^hopescope: There is no C\+\+ compiler on this machine\. Install one with/,
      );
    });

    test('that fails at the end leaves what was there', async () => {
      await mkdir(into, { recursive: true });
      await writeFile(join(into, 'old'), 'kept');
      // A compiler that makes an addon which no Node loads.
      const bin = await pathWith('sh', 'node', 'npm');
      await writeFile(
        join(bin, 'c++'),
        '#!/bin/sh\nfor each; do [ "$last" = -o ] && : > "$each"; last="$each"; done\n',
        {
          mode: 0o755,
        },
      );
      const { code, stderr } = await runCli(install('--python', native.python!), { env: { PATH: bin } });
      expect(code).toBe(1);
      expect(stderr.split('\n').at(-2)).toMatch(
        /^hopescope: What was installed does not work: its addon cannot be loaded/,
      );
      expect(await readFile(join(into, 'old'), 'utf8')).toBe('kept');
      expect(await leftovers()).toEqual(['native']);
    });

    test('ends in order when the extension cancels it', async () => {
      const cli = { cliPath: join(root, 'dist/cli.cjs'), execPath: process.execPath, env: process.env };
      const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
      const source = new CancellationTokenSource();
      const steps: string[] = [];
      const onStep = (name: string) => {
        steps.push(name);
        if (name.startsWith('downloading')) source.cancel();
      };
      const args = install('--python', native.python!).slice(1);
      const running = runBackendsCommand(cli, args, quiet, onStep, source.token);
      await expect(running).rejects.toMatchObject({
        ...{ code: 'cancelled', message: 'Cancelled; nothing was changed.' },
      });
      expect(steps).toEqual(['looking at this machine', 'downloading the package with npm']);
      expect(await leftovers()).toEqual([]);
      const refusedInWords = runBackendsCommand(cli, install('--python', 'false').slice(1), quiet, onStep);
      await expect(refusedInWords).rejects.toMatchObject({
        message: 'false is not a Python that runs: it printed nothing. Choose another interpreter.',
      });
      const removing = ['uninstall', '--into', into];
      expect(await runBackendsCommand(cli, removing, quiet, onStep)).toEqual({
        folder: into,
        removed: false,
      });
    });

    test('ends in order when it is interrupted', async () => {
      const { child, ended, said } = startCli(install('--python', native.python!));
      await said(/Step 2 of 4/);
      child.kill('SIGTERM');
      const { code, stderr } = await ended;
      expect(code, stderr).toBe(143);
      expect(stderr.trim().split('\n').at(-1)).toBe('hopescope: interrupted before anything was installed');
      expect(await leftovers()).toEqual([]);
    });
  },
);
