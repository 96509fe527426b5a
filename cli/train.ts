import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PartialChunk, TrainProgress, TrainRequest, TrainResult } from '../engine/protocol/training.ts';
import { EngineError } from '../engine/session/engineError.ts';
import type { Session } from '../engine/session/session.ts';
import { abortOnInterrupt, InterruptedError } from './interrupt.ts';
import { type ModelFlags, modelCommand, openModel } from './modelOptions.ts';
import { Output } from './output.ts';
import { parseProbes } from './probeArgument.ts';
import { checkStateTarget } from './stateFile.ts';
import { duration } from './table.ts';
import { readText } from './textInput.ts';
import { trainReport } from './trainReport.ts';

interface TrainFlags extends ModelFlags {
  readonly text: string;
  readonly epochs: number;
  readonly probe: readonly string[];
  readonly rate: readonly (readonly [string, number])[];
  readonly partialChunk: PartialChunk;
  readonly out?: string;
  readonly run?: string;
}

const HELP = `
A level is a set of weights with one update period. The table shows for each one, over all blocks:
  mean ρ   mean of ‖ΔW‖ / ‖W‖ over its updates
  change   ‖W − W at the start‖ / ‖W at the start‖
  drift    ‖W − W₀‖ / ‖W₀‖ against the base checkpoint, which itself is never written

Examples:
  hopescope train --text people.txt
  hopescope train --text people.txt --epochs 8 --probe "Mira Halloway was born in => Lisbon" --out people.state
  hopescope train --text more.txt --state people.state --out people.state
  fortune | hopescope train --text - --rate cms.0=0.2 --rate memory=0 --json`;

export function addTrain(program: Command): void {
  const partial = new Option('--partial-chunk <rule>', 'what happens to a chunk that the text leaves open')
    .choices(['flush', 'drop'])
    .default('flush');
  modelCommand(program, 'train', 'train the fast state of a model on a text, tick by tick')
    .requiredOption('--text <file>', 'UTF-8 text; - reads standard input')
    .option('--epochs <n>', 'passes over the text, 1 to 10000', wholeNumber, 8)
    .option('--probe <probe>', '"PROMPT => ANSWER", scored before and after; may be repeated', append, [])
    .option('--rate <level=x>', "a level's learning rate, 0 freezes it; may be repeated", appendRate, [])
    .addOption(partial)
    .option('--out <state>', 'file for the trained fast state (safetensors)')
    .option('--run <file>', 'record every update in a new .hoperun file')
    .addHelpText('after', HELP)
    .action(runTrain);
}

async function runTrain(flags: TrainFlags): Promise<void> {
  const output = new Output(flags.json);
  const probes = parseProbes(flags.probe);
  if (flags.out) await checkStateTarget(flags.out);
  const { text, title } = await readText(flags.text);
  const { session, info, backend } = await openModel(flags, output);
  const signal = abortOnInterrupt();
  const request: TrainRequest = {
    runId: randomUUID(),
    text,
    title,
    options: {
      epochs: flags.epochs,
      learningRates: Object.fromEntries(flags.rate),
      partialChunk: flags.partialChunk,
      telemetry: true,
    },
    probes,
    runPath: flags.run,
  };
  const { result, total } = await train(session, request, signal, output);
  const out = flags.out && !signal.aborted ? flags.out : null;
  if (out) await session.saveFastState(out);
  const { tokens, positions, updates, seconds, surpriseFirst, surpriseLast, status, levels } = result;
  await output.result(
    {
      model: info.name,
      backend,
      ...{ tokens, positions, updates, seconds, surpriseFirst, surpriseLast, status, levels },
      probes: result.probes,
      out,
    },
    trainReport(result, { model: info.name, backend, out }),
  );
  if (!signal.aborted) return;
  const unwritten = flags.out && !out ? `; ${flags.out} was not written` : '';
  throw new InterruptedError(signal, `after ${updates} updates, ${positions} of ${total} tokens${unwritten}`);
}

/** Trains until the end or the signal. @returns also how many tokens all passes have, as far as is known. */
async function train(
  session: Session,
  request: TrainRequest,
  signal: AbortSignal,
  output: Output,
): Promise<{ result: TrainResult; total: number }> {
  let total = 0;
  const onProgress = (progress: TrainProgress) => {
    const { position, tokensPerSecond } = progress;
    total = progress.total;
    const left = duration(Math.max(0, total - position) / tokensPerSecond);
    output.progress(`${position} of ${total} tokens, ${tokensPerSecond.toFixed(0)} tok/s, ${left} left`);
  };
  const hooks = {
    cancelled: () => signal.aborted,
    onTokens: () => {},
    onUpdate: async () => {},
    onProgress,
  };
  try {
    const result = await session.train(request, hooks);
    const known = result.tokens * request.options.epochs;
    return { result, total: result.positions > result.tokens ? known : Math.max(total, known) };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'diverged') throw error;
    const remedy = 'Lower the learning rates (--rate) or --epochs. Nothing was written to --out.';
    throw new EngineError(error.code, error.message, remedy);
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() && Number.isInteger(value)) return value;
  throw new InvalidArgumentError('It must be a whole number.');
}

function append(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

function appendRate(text: string, before: TrainFlags['rate']): TrainFlags['rate'] {
  const [, level, rate] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(text) ?? [];
  if (level && Number.isFinite(Number(rate))) return [...before, [level, Number(rate)]];
  throw new InvalidArgumentError('Write it as LEVEL=NUMBER, like cms.0=0.1.');
}
