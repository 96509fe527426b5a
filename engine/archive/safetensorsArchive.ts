import type { ByteFile } from '../checkpoint/byteFile.ts';
import { readHeader } from '../checkpoint/safetensors.ts';
import { parseStrictJson } from '../checkpoint/strictJson.ts';
import { unchangedIn } from '../checkpoint/unchanged.ts';
import type { Archive, StoredTensor } from './archive.ts';
import { elementBytes } from './dtype.ts';

/** Metadata `format` of a file that holds what training changed. */
export const FAST_STATE = 'hopescope-fast-state';

/** A safetensors file; a fast state of this program is one too. */
export async function openSafetensors(file: ByteFile): Promise<Archive> {
  const { tensors, metadata } = await readHeader(file);
  const isState = metadata.format === FAST_STATE;
  const left = isState ? (unchangedIn(metadata.unchanged) ?? []) : [];
  return {
    path: file.path,
    format: isState ? 'fast state' : 'safetensors',
    tensors: new Map(
      [...tensors].map(([name, entry]): [string, StoredTensor] => [name, { ...entry, file: file.path }]),
    ),
    metadata,
    config: writtenConfig(metadata),
    notes: left.length ? [`Weights that are those of the base and not in this file: ${left.length}.`] : [],
    read({ begin, dtype }, from, to, into) {
      const size = elementBytes(dtype);
      return file.read(begin + from * size, begin + to * size, into);
    },
    close: () => file.close(),
  };
}

/** How the model was built, where a conversion has written it; what cannot be read is as if it were not there. */
function writtenConfig({ 'hopescope.config': json }: Readonly<Record<string, string>>): unknown {
  try {
    return json === undefined ? undefined : parseStrictJson(json);
  } catch {
    return undefined;
  }
}
