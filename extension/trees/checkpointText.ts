import { escapeMarkdown } from '../decorations/markdown.ts';
import { norm, scientific } from '../decorations/numerals.ts';
import { grouped } from '../training/figures.ts';
import { type CheckpointNode, relativeDelta } from './checkpointNodes.ts';

/** What stands beside the label, the change first, for a narrow panel cuts the end off. */
export function rowDescription(node: CheckpointNode): string {
  if (node.memory) return memoryParts(node).join(' · ');
  const change = `Δ ${scientific(relativeDelta(node))}`;
  const { tensor } = node;
  return tensor
    ? `${change} · ‖W‖ ${norm(node.norm)} · ${shapeText(tensor.shape)} ${tensor.dtype}`
    : `${change} · ${count(node.parameters, 'parameter')}`;
}

/** A table of everything about a row, as Markdown. */
export function rowTooltip(node: CheckpointNode): string {
  const { tensor } = node;
  if (node.memory) return memoryTooltip(node);
  const rows: [string, string][] = [
    ...(tensor
      ? ([
          ['shape', shapeText(tensor.shape)],
          ['dtype', tensor.dtype],
        ] as [string, string][])
      : ([['tensors', grouped(node.tensors)]] as [string, string][])),
    ['parameters', grouped(node.parameters)],
    ...(node.level && tensor ? ([['level', node.level]] as [string, string][]) : []),
    ['‖W‖', norm(node.norm)],
    ['‖W − W₀‖', norm(node.delta)],
    ['‖W − W₀‖ / ‖W‖', scientific(relativeDelta(node))],
  ];
  const body = rows.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |`);
  const title = escapeMarkdown(tensor?.name ?? node.label);
  return [`**${title}**`, '', '|  |  |', '|:--|--:|', ...body, '', 'W₀ is the base checkpoint.'].join('\n');
}

/** The row in words, for a screen reader. */
export function rowSpeech(node: CheckpointNode): string {
  const { tensor, kind, label } = node;
  if (node.memory) return memorySpeech(node);
  const change = node.delta === 0 ? 'unchanged' : `relative change ${scientific(relativeDelta(node))}`;
  if (!tensor) {
    const name = kind === 'block' ? label : `${kind} ${label}`;
    return `${name}, ${count(node.tensors, 'tensor')}, ${count(node.parameters, 'parameter')}, ${change}.`;
  }
  const shape = tensor.shape.length > 0 ? `shape ${tensor.shape.join(' by ')}` : 'a single number';
  return `tensor ${label} of level ${tensor.level}, ${shape}, ${tensor.dtype}, norm ${norm(node.norm)}, ${change}.`;
}

/** Its last write first, where that was measured. */
function memoryParts({ memory, norm: size, parameters }: CheckpointNode): string[] {
  const { deltaNorm, surprise } = memory!;
  return [
    ...(deltaNorm === undefined ? [] : [`‖Δm‖ ${scientific(deltaNorm)}`]),
    ...(surprise === undefined ? [] : [`surprise ${scientific(surprise)}`]),
    `‖m‖ ${norm(size)}`,
    count(parameters, 'number'),
  ];
}

function memoryTooltip(node: CheckpointNode): string {
  const { deltaNorm, surprise } = node.memory!;
  const rows: [string, string][] = [
    ['level', node.level ?? ''],
    ['tensors', grouped(node.tensors)],
    ['numbers', grouped(node.parameters)],
    ['‖m‖', norm(node.norm)],
    ['‖Δm‖ of the last write', deltaNorm === undefined ? 'not measured' : scientific(deltaNorm)],
    ['surprise ‖∇‖ before it', surprise === undefined ? 'not measured' : scientific(surprise)],
  ];
  const body = rows.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |`);
  const what =
    'What the optimizer of the level remembers of past errors. It begins at zero and outlives the chunks.';
  return [`**${escapeMarkdown(node.label)}**`, '', '|  |  |', '|:--|--:|', ...body, '', what].join('\n');
}

function memorySpeech(node: CheckpointNode): string {
  const { deltaNorm, surprise } = node.memory!;
  const last = deltaNorm === undefined ? 'last write not measured' : `changed by ${scientific(deltaNorm)}`;
  const told = surprise === undefined ? '' : `, surprise ${scientific(surprise)}`;
  return `memory ${node.label} of the optimizer of level ${node.level}, norm ${norm(node.norm)}, ${last}${told}.`;
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.map(grouped).join(', ')}]`;
}

function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
