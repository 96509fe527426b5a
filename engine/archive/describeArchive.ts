import { basename, relative } from 'node:path';
import type { ArchiveInfo, ArchiveTensor } from '../protocol/archive.ts';
import { type Archive, elementsOf } from './archive.ts';
import { elementBytes } from './dtype.ts';
import { type LevelPatterns, levelMapOf } from './levelMap.ts';

/** What lists, trees and reports show of an archive. @throws RangeError for patterns that cannot be read */
export function describeArchive(archive: Archive, patterns?: LevelPatterns): ArchiveInfo {
  const map = levelMapOf(archive, patterns);
  const tensors = [...archive.tensors.values()].map((tensor): ArchiveTensor => {
    const { name, dtype, shape, file, begin, end, sameAs, keys } = tensor;
    const bytes = elementsOf(tensor) * elementBytes(dtype);
    const within =
      file === archive.path ? basename(file) : relative(archive.path, file).replace(/^\.\.[/\\]/, '');
    return {
      name,
      dtype,
      shape,
      bytes,
      file: within,
      begin,
      end,
      ...map.place(name),
      ...(keys === undefined ? {} : { keys }),
      ...(sameAs === undefined ? {} : { sameAs }),
    };
  });
  const own = tensors.filter(tensor => tensor.sameAs === undefined);
  return {
    path: archive.path,
    format: archive.format,
    family: map.family,
    levels: map.levels,
    tensors,
    parameters: own.reduce((sum, tensor) => sum + (tensor.level === undefined ? 0 : elementsOf(tensor)), 0),
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    metadata: archive.metadata,
    notes: archive.notes,
  };
}
