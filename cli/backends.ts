import { type Command, InvalidArgumentError, Option } from 'commander';
import { measureBackends } from '../engine/choice/measureBackends.ts';
import { nativeFolderIn, storageFolder } from '../engine/choice/storage.ts';
import { VerdictFile } from '../engine/choice/verdictFile.ts';
import { verdictKey } from '../engine/choice/verdictKey.ts';
import { installNative, type NativeSource, uninstallNative } from '../engine/install/installNative.ts';
import { type BackendVerdict, timingText } from '../engine/protocol/backend.ts';
import manifest from '../package.json';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { DEFAULT_MODEL } from './modelOptions.ts';
import { Output } from './output.ts';

const HELP = `
Each backend is tried in a process of its own: it must load, pass a numeric self-test and give the loss that the others
give; then one tick of online training is timed. The result is kept, and --backend auto takes the fastest from then on.

Examples:
  hopescope backends
  hopescope backends --model my-model --again --json
  hopescope backends install --cpu
  hopescope backends install --python ~/venv/bin/python
  hopescope backends uninstall`;

interface MeasureFlags {
  readonly model?: string;
  readonly again: boolean;
  readonly json: boolean;
}

interface InstallFlags {
  readonly cpu?: boolean;
  readonly cuda?: boolean;
  readonly python?: string;
  readonly into: string;
  readonly json: boolean;
}

export function addBackends(program: Command): void {
  const backends = program
    .command('backends')
    .description('time every backend on a model; install or remove the native one')
    .option('--model <folder>', 'model to time (default: hope-mini)')
    .option('--again', 'measure even if the result is known', false)
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(runMeasure);
  const into = () =>
    new Option('--into <folder>', 'folder of the native backend').default(nativeFolderIn(storageFolder()));
  backends
    .command('install')
    .description('install TensorFlow as a backend, into a folder of its own')
    .option('--cpu', 'the official library for the CPU')
    .option('--cuda', 'the official library with CUDA 11.2')
    .option('--python <path>', 'the TensorFlow of this Python; brings current CUDA', pythonPath)
    .addOption(into())
    .option('--json', 'one JSON object on standard output', false)
    .action((_: unknown, command: Command) => runInstall(command.optsWithGlobals()));
  backends
    .command('uninstall')
    .description('remove the native backend')
    .addOption(into())
    .option('--json', 'one JSON object on standard output', false)
    .action((_: unknown, command: Command) => runUninstall(command.optsWithGlobals()));
}

async function runMeasure({ model = DEFAULT_MODEL, again, json }: MeasureFlags): Promise<void> {
  const output = new Output(json);
  const storage = storageFolder();
  const options = { nativeFolder: nativeFolderIn(storage), threads: 'auto' as const };
  const key = await verdictKey({ engineVersion: manifest.version, model, options });
  const file = new VerdictFile(storage);
  let verdict = again ? undefined : await file.read(key);
  if (!verdict) {
    const signal = abortOnInterrupt();
    const onTiming: Parameters<typeof measureBackends>[1] = {
      ...options,
      signal,
      onTiming: timing => output.note(timingText(timing)),
    };
    verdict = await measureBackends(model, onTiming).catch(error => {
      throw signal.aborted ? new InterruptedError(signal, 'before every backend was measured') : error;
    });
    await file.write(key, verdict);
  }
  await output.result({ model, ...verdict }, report(verdict));
}

function report({ timings }: BackendVerdict): string[] {
  const fastest = timings.find(({ refused }) => !refused);
  return [
    ...timings.map(timingText),
    fastest ? `--backend auto takes ${fastest.label}` : 'No backend can be used.',
  ];
}

async function runInstall(flags: InstallFlags): Promise<void> {
  const source = sourceOf(flags);
  const output = new Output(flags.json);
  const signal = AbortSignal.any([abortOnInterrupt(), hostGone()]);
  const installed = await installNative(source, flags.into, {
    signal,
    onStep: (step, steps, name) => output.note(`Step ${step} of ${steps}: ${name}`),
    onLine: line => output.note(`  ${line}`),
  }).catch(error => {
    throw signal.aborted ? new InterruptedError(signal, 'before anything was installed') : error;
  });
  const { label, tensorflow, folder } = installed;
  await output.result(installed, [`${label} is installed: TensorFlow ${tensorflow} in ${folder}`]);
}

async function runUninstall({ into, json }: Pick<InstallFlags, 'into' | 'json'>): Promise<void> {
  const removed = await uninstallNative(into);
  const line = removed ? `Removed ${into}` : `There was no native backend in ${into}`;
  await new Output(json).result({ folder: into, removed }, [line]);
}

function sourceOf({ cpu, cuda, python }: InstallFlags): NativeSource {
  const given: NativeSource[] = [
    ...(cpu ? [{ kind: 'cpu' } as const] : []),
    ...(cuda ? [{ kind: 'cuda' } as const] : []),
    ...(python ? [{ kind: 'python', python } as const] : []),
  ];
  if (given.length === 1) return given[0];
  throw new Error('Say where TensorFlow is to come from: one of --cpu, --cuda and --python.');
}

/** Aborts when the process that started this one through a channel goes away or closes it. */
function hostGone(): AbortSignal {
  const controller = new AbortController();
  if (process.channel) process.once('disconnect', () => controller.abort(143));
  return controller.signal;
}

function pythonPath(path: string): string {
  if (path.trim() === '') throw new InvalidArgumentError('It must be the path of a Python.');
  return path;
}
