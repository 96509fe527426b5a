import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError } from './installError.ts';
import type { PythonTensorflow } from './python.ts';
import { runTool, type ToolOptions } from './runTool.ts';

/** The Node-API version that the addon's sources ask for; every later Node loads it. */
const NODE_API = 8;
const SOURCES = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];

/** The first C++ compiler on the PATH. @throws InstallError when there is none */
export async function findCompiler(options: ToolOptions): Promise<string> {
  for (const command of ['c++', 'g++', 'clang++']) {
    const { code } = await runTool(command, ['--version'], { ...options, onLine: undefined });
    if (code === 0) return command;
  }
  const install =
    process.platform === 'darwin' ? 'xcode-select --install' : 'your package manager: g++ or build-essential';
  throw new InstallError('There is no C++ compiler on this machine.', `Install one with ${install}.`);
}

/**
 * Compiles the package's addon, unchanged, against the TensorFlow of a Python environment, whose libraries it then
 * loads from where they are: with them come the CUDA libraries that pip has put beside them.
 * @param folder of the package @param headers of Node-API @throws InstallError
 */
export async function compileAddon(
  compiler: string,
  folder: string,
  headers: string,
  tensorflow: PythonTensorflow,
  options: ToolOptions,
): Promise<void> {
  const target = join(folder, 'lib', `napi-v${NODE_API}`);
  await mkdir(target, { recursive: true });
  const mac = process.platform === 'darwin';
  const libraries = tensorflow.libraries.map(name => join(tensorflow.folder, name));
  const args = [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', `-DNAPI_VERSION=${NODE_API}`],
    ...['-I', folder, '-I', tensorflow.include, '-I', headers],
    ...SOURCES.map(name => join(folder, name)),
    ...['-o', join(target, 'tfjs_binding.node')],
    ...libraries,
    `-Wl,-rpath,${tensorflow.folder}`,
    // What Node itself provides is found when the addon is loaded.
    ...(mac ? ['-undefined', 'dynamic_lookup'] : []),
  ];
  const { code } = await runTool(compiler, args, { ...options, cwd: folder });
  if (code === 0) return;
  throw new InstallError(
    `The addon does not compile against TensorFlow ${tensorflow.version}.`,
    'The log has what the compiler said; another version of TensorFlow may work.',
  );
}
