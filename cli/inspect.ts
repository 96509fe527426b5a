import type { Command } from 'commander';
import { type LevelInfo, ownLevels } from '../engine/protocol/level.ts';
import type { ModelInfo, TensorInfo } from '../engine/protocol/model.ts';
import { withLevels } from './archiveOptions.ts';
import { type InspectArchiveFlags, inspectArchive } from './inspectArchive.ts';
import { type ModelFlags, modelCommand, openModel } from './modelOptions.ts';
import { Output } from './output.ts';
import { type Column, significant, table } from './table.ts';

const HELP = `
‖W‖ is the Frobenius norm of the weights now, Δ that of what --state changed against the base checkpoint.

With a CHECKPOINT it lists that instead, whoever wrote it: safetensors, sharded safetensors, a Hugging Face folder,
PyTorch .pt and .pth, NumPy .npz, or a fast state. Nothing in a file is run, and only its headers are read unless
--stats or --tensor asks for values.

Examples:
  hopescope inspect
  hopescope inspect step_000010.pt --stats
  hopescope inspect my-llama --level "**.layers.{block}.mlp.**=cms.0" --json
  hopescope inspect --model my-model --state people.state --json`;

interface LevelSize extends LevelInfo {
  readonly tensors: number;
  readonly parameters: number;
  readonly norm: number;
  readonly delta: number;
}

const LEVELS: readonly Column<LevelSize>[] = [
  { title: 'level', text: true, cell: level => level.id },
  { title: 'period (tokens)', cell: level => (level.period ? String(level.period) : '–') },
  { title: 'tensors', cell: level => String(level.tensors) },
  { title: 'parameters', cell: level => String(level.parameters) },
  { title: '‖W‖', cell: level => significant(level.norm) },
  { title: 'Δ', cell: level => significant(level.delta) },
];

const TENSORS: readonly Column<TensorInfo>[] = [
  { title: 'tensor', text: true, cell: tensor => tensor.name },
  { title: 'level', text: true, cell: tensor => tensor.level },
  { title: 'shape', text: true, cell: tensor => tensor.shape.join(' × ') },
  { title: 'dtype', text: true, cell: tensor => tensor.dtype },
  { title: '‖W‖', cell: tensor => significant(tensor.norm) },
  { title: 'Δ', cell: tensor => significant(tensor.delta) },
];

export function addInspect(program: Command): void {
  withLevels(modelCommand(program, 'inspect', 'levels, sizes and every tensor of a model or a checkpoint'))
    .argument('[checkpoint]', 'file or folder of any kind that is read')
    .option('--stats', 'read every tensor of the checkpoint for its norm, NaN and Inf', false)
    .option('--tensor <name>', 'statistics and singular values of one tensor of the checkpoint')
    .addHelpText('after', HELP)
    .action(runInspect);
}

async function runInspect(
  checkpoint: string | undefined,
  flags: ModelFlags & InspectArchiveFlags,
): Promise<void> {
  const output = new Output(flags.json);
  if (checkpoint !== undefined) return inspectArchive(checkpoint, flags, output);
  if (flags.stats || flags.tensor !== undefined || Object.keys(flags.level).length > 0) {
    throw new Error('--stats, --tensor and --level go with a CHECKPOINT.');
  }
  const { session, info, backend } = await openModel(flags, output);
  const tensors = await session.describe();
  const levels = ownLevels(info.levels).map(level => sizeOf(level, tensors));
  const { name: model, ...numbers } = info;
  await output.result({ model, backend, ...numbers, levels, tensors }, [
    ...summary(info),
    '',
    ...table(LEVELS, levels),
    '',
    ...table(TENSORS, tensors),
  ]);
}

function summary(info: ModelInfo) {
  const { name, path, parameters, blocks, width, heads, vocabulary, tick, updates, stability = [] } = info;
  return [
    `${name}: ${parameters} parameters, ${blocks} blocks of width ${width}, ${heads} heads, ${vocabulary} tokens`,
    `read from ${path}, tick of ${tick} tokens, ${updates} updates since the base checkpoint`,
    ...stability.map(
      ({ level, factor, margin }) =>
        `stability of ${level}: a chunk with one key multiplies its error by ${factor.toFixed(3)} at the largest η, margin ${margin.toFixed(3)}`,
    ),
  ];
}

function sizeOf(level: LevelInfo, all: readonly TensorInfo[]): LevelSize {
  const tensors = all.filter(tensor => tensor.level === level.id);
  const length = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
  return {
    ...level,
    tensors: tensors.length,
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    norm: length(tensors.map(tensor => tensor.norm)),
    delta: length(tensors.map(tensor => tensor.delta)),
  };
}
