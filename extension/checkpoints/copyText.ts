import { dirname, join } from 'node:path';
import type { ArchiveInfo, ArchiveTensor, SliceChoice } from '../../engine/protocol/index.ts';
import type { CopyKind } from '../../engine/protocol/tensorMessages.ts';

/** What is put on the clipboard: a tensor's name, or how PyTorch or NumPy takes it from the file, with its slice. */
export function copyText(
  { path }: Pick<ArchiveInfo, 'path'>,
  tensor: ArchiveTensor,
  kind: CopyKind,
  choice?: SliceChoice,
): string {
  if (kind === 'name') return tensor.name;
  const { shape, file, keys } = tensor;
  const index = choice && shape.length > 2 ? `[${indices(shape, choice)}]` : '';
  const at = quoted(join(dirname(path), file));
  if (file.endsWith('.npz')) {
    const array = `numpy.load(${at})[${quoted(tensor.name)}]`;
    return kind === 'numpy' ? array + index : `torch.from_numpy(${array})${index}`;
  }
  if (keys) {
    const taken = keys.map(key => `[${typeof key === 'number' ? key : quoted(key)}]`).join('');
    return `torch.load(${at}, weights_only=True)${taken}${index}${kind === 'numpy' ? '.numpy()' : ''}`;
  }
  const library = kind === 'numpy' ? 'numpy' : 'torch';
  return `safetensors.${library}.load_file(${at})[${quoted(tensor.name)}]${index}`;
}

function indices(shape: readonly number[], { rowAxis, columnAxis, at }: SliceChoice): string {
  return shape.map((_, axis) => (axis === rowAxis || axis === columnAxis ? ':' : at[axis])).join(', ');
}

/** A text as Python writes it. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
