import type { ArchiveTensor } from '../engine/protocol/archive.ts';

/** Shape as people write it: `32 × 4`, `scalar`. */
export function shapeText(shape: readonly number[]): string {
  return shape.length ? shape.join(' × ') : 'scalar';
}

/** Bytes with a binary unit and three digits. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** Lines of block → module → level → tensor. @param extra more to say of a tensor */
export function treeLines(
  tensors: readonly ArchiveTensor[],
  extra: (tensor: ArchiveTensor) => string = () => '',
): string[] {
  const lines: string[] = [];
  let open: string[] = [];
  for (const tensor of ordered(tensors)) {
    const path = pathOf(tensor);
    const shared = path.findIndex((part, i) => open[i] !== part);
    for (let depth = shared < 0 ? path.length : shared; depth < path.length; depth++) {
      lines.push(`${'  '.repeat(depth)}${path[depth]}`);
    }
    open = path;
    const tied = tensor.sameAs === undefined ? '' : `  = ${tensor.sameAs}`;
    const text = `${tensor.leaf}  ${shapeText(tensor.shape)}  ${tensor.dtype}  ${bytesText(tensor.bytes)}${tied}${extra(tensor)}`;
    lines.push(`${'  '.repeat(path.length)}${text}`);
  }
  return lines;
}

function pathOf({ block, module, level }: ArchiveTensor): string[] {
  return [block < 0 ? 'outside the blocks' : `block ${block}`, module, level ?? ''].filter(Boolean);
}

/** Blocks by number, what is outside them first; within a block modules stay in the order of the file. */
function ordered(tensors: readonly ArchiveTensor[]): ArchiveTensor[] {
  const first = new Map<string, number>();
  const keys = tensors.map(tensor => {
    const { block, module, level } = tensor;
    const group = `${block} ${module}`;
    first.set(group, first.get(group) ?? first.size);
    return { tensor, block, module: first.get(group)!, level: level ?? '~' };
  });
  return keys
    .sort(
      (a, b) =>
        a.block - b.block || a.module - b.module || (a.level < b.level ? -1 : a.level > b.level ? 1 : 0),
    )
    .map(({ tensor }) => tensor);
}
