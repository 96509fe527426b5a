import { join } from 'node:path';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { FieldReader } from '../checkpoint/fieldReader.ts';
import type { Archive, StoredTensor } from './archive.ts';

/**
 * A checkpoint in several files with an index, `{"weight_map": {"name": "file", …}}`, as Hugging Face writes it.
 * @param index contents of the index file @param path of the index file
 * @throws CheckpointError naming a shard or a tensor that is missing, or one that the index does not know
 */
export async function openSharded(
  index: unknown,
  path: string,
  folder: string,
  openShard: (path: string) => Promise<Archive>,
): Promise<Archive> {
  const map = new FieldReader(index, path).object('weight_map');
  const files = new Map<string, string>();
  for (const name of map.names) {
    const file = map.text(name, 1000);
    // Only names: an index must not send anyone to another folder.
    if (/[/\\\0]/.test(file) || file === '..' || file === '.') {
      throw map.faultOf(name, 'the name of a file in the folder of the index');
    }
    files.set(name, file);
  }
  const shards = new Map<string, Archive>();
  try {
    for (const file of new Set(files.values())) shards.set(file, await openShard(join(folder, file)));
    return combine(path, files, shards);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

function combine(
  path: string,
  files: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, Archive>,
): Archive {
  const tensors = new Map<string, StoredTensor>();
  const owners = new Map<string, Archive>();
  for (const [name, file] of files) {
    const shard = shards.get(file)!;
    const tensor = shard.tensors.get(name);
    if (!tensor) throw new CheckpointError(`tensor ${JSON.stringify(name)} is not in ${file}`, path);
    tensors.set(name, tensor);
    owners.set(name, shard);
  }
  const all = [...shards.values()];
  for (const [file, shard] of shards) {
    const stray = [...shard.tensors.keys()].find(name => files.get(name) !== file);
    if (stray !== undefined) {
      throw new CheckpointError(
        `${file} holds ${JSON.stringify(stray)}, which the index does not know`,
        path,
      );
    }
  }
  return {
    path,
    format: all[0]?.format === 'PyTorch' ? 'sharded PyTorch' : 'sharded safetensors',
    tensors,
    metadata: {},
    notes: [...new Set(all.flatMap(shard => shard.notes))],
    read: (tensor, from, to, into) => owners.get(tensor.name)!.read(tensor, from, to, into),
    close: () => closeAll(shards),
  };
}

async function closeAll(shards: ReadonlyMap<string, Archive>): Promise<void> {
  await Promise.all([...shards.values()].map(shard => shard.close()));
}
