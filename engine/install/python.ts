import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './installError.ts';
import { runTool, type ToolOptions } from './runTool.ts';

/** The TensorFlow of a Python environment, as far as an addon needs it. */
export interface PythonTensorflow {
  readonly version: string;
  /** Folder of the package; the libraries lie in it and are used from there. */
  readonly folder: string;
  readonly include: string;
  /** File names of the two libraries to link with. */
  readonly libraries: readonly string[];
}

/** Finds the package without importing it, which would take seconds and start a GPU. */
const QUESTION = `
import importlib.metadata, importlib.util, json, os
spec = importlib.util.find_spec('tensorflow')
version = None
for name in ('tensorflow', 'tensorflow-cpu', 'tensorflow-macos', 'tensorflow-rocm', 'tf-nightly', 'tf-nightly-cpu'):
    try:
        version = importlib.metadata.version(name)
        break
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps({'folder': os.path.dirname(spec.origin) if spec and spec.origin else None, 'version': version}))
`;

/** Asks a Python for its TensorFlow. @param python path or name of the interpreter @throws InstallError */
export async function findTensorflow(python: string, options: ToolOptions): Promise<PythonTensorflow> {
  if (process.platform === 'win32') {
    throw new InstallError(
      'TensorFlow for Python on Windows brings no library that an addon can be linked with.',
      'Choose the official library, or work in WSL.',
    );
  }
  const { code, output, stdout } = await runTool(python, ['-c', QUESTION], options);
  if (code !== 0) {
    const reason = code === undefined ? 'there is no such program' : lastLine(output);
    throw new InstallError(`${python} is not a Python that runs: ${reason}.`, 'Choose another interpreter.');
  }
  const { folder, version } = parse(stdout);
  if (!folder) {
    throw new InstallError(
      `${python} has no TensorFlow.`,
      `Install it there (pip install tensorflow, or tensorflow[and-cuda] for CUDA) or choose another Python.`,
    );
  }
  const suffix = process.platform === 'darwin' ? '.2.dylib' : '.so.2';
  const libraries = ['libtensorflow_cc', 'libtensorflow_framework'].map(name => `${name}${suffix}`);
  const include = join(folder, 'include');
  const needed = [...libraries.map(name => join(folder, name)), join(include, 'tensorflow/c/eager/c_api.h')];
  const missing = needed.find(path => !existsSync(path));
  if (missing) {
    throw new InstallError(
      `TensorFlow ${version ?? 'of unknown version'} of ${python} cannot be built against: ${missing} is missing.`,
      'Choose a Python with a current TensorFlow from pip.',
    );
  }
  return { version: version ?? 'unknown', folder, include, libraries };
}

function parse(line: string): { folder: string | null; version: string | null } {
  try {
    return JSON.parse(line.split('\n').at(-1) ?? '');
  } catch {
    return { folder: null, version: null };
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.slice(0, 200).replace(/\.$/, '') || 'it printed nothing';
}
