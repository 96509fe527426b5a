import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { tf } from '../tf.ts';
import type { HostBackend } from './hostBackend.ts';
import { installKernelPack } from './kernelPack.ts';
import { findNative, type NativeInstall } from './nativeFolder.ts';
import { shimNodeUtil } from './nodeUtilShim.ts';

interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: unknown, packageName: string) => HostBackend;
}

type Require = ReturnType<typeof createRequire>;
type ModuleLoad = (request: string, parent: NodeJS.Module | null | undefined, isMain: boolean) => unknown;

/** What the native backend is to be called: by the device that it found, not by the package that it came in. */
export interface OpenedTensorflow {
  readonly cuda: boolean;
}

/**
 * Makes libtensorflow the current backend, from a folder that `findNative` accepts. Its kernels are registered into
 * the engine's own tensor library: the package's require of `@tensorflow/tfjs` is answered with ours.
 * @throws Error whose message says in plain words what is missing
 */
export async function openTensorflow(folder: string | undefined): Promise<OpenedTensorflow> {
  if (!tf.findBackendFactory('tensorflow')) register(findNative(folder));
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the TensorFlow backend did not start');
  return { cuda: (tf.backend() as HostBackend).isUsingGpuDevice };
}

function register(install: NativeInstall): void {
  // The library reads these when it is loaded. Its own log would fill ours.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  // The engine's products are small: with a thread for each core most of the time is spent on handing work over.
  process.env.TF_NUM_INTRAOP_THREADS ??= '1';
  shimNodeUtil();
  const require = createRequire(join(install.folder, 'package.json'));
  const binding = loadBinding(require, install);
  const { NodeJSKernelBackend } = withOurLibrary(install, () => {
    require('./dist/register_all_kernels.js');
    return require('./dist/nodejs_kernel_backend.js') as BackendModule;
  });
  // Made here: what goes wrong in a backend's factory is printed by the library and swallowed.
  const backend = new NodeJSKernelBackend(binding, install.package);
  tf.registerBackend('tensorflow', () => backend);
  installKernelPack(backend);
}

function loadBinding(require: Require, { binding, record }: NativeInstall): unknown {
  try {
    return require(binding);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const missing = /^(?:.*\/)?(libtensorflow[^:]*): cannot open shared object file/.exec(reason)?.[1];
    if (!missing) throw new Error(`its addon cannot be loaded: ${reason}`, { cause: error });
    const from = record?.library ? ` of ${record.library}, which it was built with,` : '';
    const again = 'install the native backend again';
    throw new Error(`the library ${missing}${from} is not there any more; ${again}`, { cause: error });
  }
}

/**
 * Runs `body` while every module of the package that asks for the tensor library gets ours: a second copy of its core
 * would be another engine with other gradients. Node has no public way to answer a require.
 */
function withOurLibrary<T>({ folder }: NativeInstall, body: () => T): T {
  const modules = Module as unknown as { _load: ModuleLoad };
  const load = modules._load;
  const library = { ...tf, KernelBackend: callable(tf.KernelBackend) };
  modules._load = (request, parent, isMain) => {
    const ours = request === '@tensorflow/tfjs' || request === '@tensorflow/tfjs-core';
    return ours && parent?.filename.startsWith(folder) ? library : load(request, parent, isMain);
  };
  try {
    return body();
  } finally {
    modules._load = load;
  }
}

/** A class that code compiled for older JavaScript can extend: it calls its base without `new`. */
function callable(base: { readonly prototype: object }): unknown {
  function Base(): void {}
  Base.prototype = base.prototype;
  return Base;
}
