import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { checkpointLogits } from '../engine/baseline/logits.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { isPublicTransformer } from '../engine/checkpoint/systems.ts';
import { chooseBackend } from '../engine/choice/chooseBackend.ts';
import { nativeFolderIn, storageFolder } from '../engine/choice/storage.ts';
import { bindParameters } from '../engine/model/parameters.ts';
import { NO_TOKEN, readLogits } from '../engine/model/reading.ts';
import { BACKEND_PREFERENCES, type BackendPreference } from '../engine/protocol/backend.ts';
import { OpenModel } from '../engine/session/openModel.ts';
import manifest from '../package.json';
import { withArchives } from './archiveOptions.ts';
import { DEFAULT_MODEL } from './modelOptions.ts';
import { Output } from './output.ts';
import { significant } from './table.ts';

const HELP = `
A model folder of Hopescope is read as it reads a text, its memories taking the tokens in on a copy. Everything else is
computed plainly in float64 from the file's own weights: Llama and GPT-2 of Hugging Face, and the public Hope
(hope_selfmod, hope_attention, hope_hybrid) in evaluation mode, which --mode km asks for by name.

Examples:
  hopescope logits --tokens 1,2,3
  hopescope logits my-llama --tokens 107,25,122 --json
  hopescope logits step_000010.pt --mode km --tokens 47,4,25 --json`;

const MOST_TOKENS = 65_536;

interface LogitsFlags {
  readonly tokens: readonly number[];
  readonly mode?: 'km';
  readonly backend: BackendPreference;
  readonly json: boolean;
}

interface Found {
  readonly family: string;
  readonly logits: readonly (readonly number[])[];
}

export function addLogits(program: Command): void {
  program
    .command('logits')
    .description('logits of a model after each of some tokens')
    .argument('[model]', 'model folder or checkpoint (default: hope-mini)')
    .requiredOption('--tokens <ids>', 'token ids, separated by commas', tokenIds)
    .addOption(new Option('--mode <name>', 'as what it is read: km, the public Hope').choices(['km']))
    .addOption(
      new Option('--backend <name>', 'for a model folder of Hopescope')
        .choices(BACKEND_PREFERENCES)
        .default('auto'),
    )
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(runLogits);
}

async function runLogits(model: string | undefined, flags: LogitsFlags): Promise<void> {
  const output = new Output(flags.json);
  const path = model ?? DEFAULT_MODEL;
  const own = flags.mode === undefined && (await isOwnFolder(path));
  const { family, logits } = own ? await ownLogits(path, flags) : await foreignLogits(path, flags);
  if (flags.mode === 'km' && family !== 'Hope (PyTorch)') {
    throw new CheckpointError(`is no public Hope but of the family ${family}`, path, 'Leave --mode out.');
  }
  await output.result({ model: path, family, tokens: flags.tokens, logits }, [
    `${path} (${family}), the five most likely after each token:`,
    ...logits.map((row, t) => `${String(flags.tokens[t]).padStart(8)}  ${bestOf(row)}`),
  ]);
}

/** Whether this is a folder whose config.json is one of ours. */
async function isOwnFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return false;
  const text = await readFile(join(path, 'config.json'), 'utf8').catch(() => '');
  return /"model_type"\s*:\s*"hope"/.test(text);
}

async function ownLogits(path: string, { tokens, backend }: LogitsFlags): Promise<Found> {
  const storage = storageFolder();
  const options = { nativeFolder: nativeFolderIn(storage) };
  await chooseBackend({
    preference: backend,
    engineVersion: manifest.version,
    storage,
    model: path,
    options,
  });
  const { base, tokenizer } = await OpenModel.read(path);
  const wrong = tokens.find(id => id >= base.config.vocabulary);
  if (wrong !== undefined) {
    const { vocabulary } = base.config;
    throw new CheckpointError(`token ${wrong} is not among its ${vocabulary}`, path, 'Give other tokens.');
  }
  const parameters = bindParameters(base.config, name => base.tensors.get(name)!);
  const endOfText = isPublicTransformer(base.config) ? NO_TOKEN : tokenizer.endOfText;
  const logits = readLogits(parameters, base.config, Int32Array.from(tokens), endOfText);
  const rows = (await logits.array()) as number[][];
  return { family: 'Hope', logits: rows };
}

function foreignLogits(path: string, { tokens }: LogitsFlags): Promise<Found> {
  return withArchives([path], async ([archive]) => {
    const { family, logits } = await checkpointLogits(archive, tokens);
    const { count, width, data } = logits;
    const row = (t: number) => Array.from(data.subarray(t * width, (t + 1) * width));
    return { family, logits: Array.from({ length: count }, (_, t) => row(t)) };
  });
}

function bestOf(row: readonly number[]): string {
  return [...row.keys()]
    .sort((a, b) => row[b] - row[a])
    .slice(0, 5)
    .map(id => `${id} (${significant(row[id])})`)
    .join('  ');
}

function tokenIds(text: string): number[] {
  const ids = text.split(',').map(part => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (ids.length > MOST_TOKENS || !ids.every(Number.isSafeInteger)) {
    throw new InvalidArgumentError(`It must be 1 to ${MOST_TOKENS} token ids separated by commas.`);
  }
  return ids;
}
