import type { ByteFile } from '../../checkpoint/byteFile.ts';
import { CheckpointError } from '../../checkpoint/checkpointError.ts';
import type { Archive } from '../archive.ts';
import { elementBytes } from '../dtype.ts';
import { fileStorage } from '../fileStorage.ts';
import type { Storage } from '../storage.ts';
import { contentsOf } from './contents.ts';
import { PickleError } from './pickleError.ts';
import { torchArchive } from './torchArchive.ts';
import { type StorageName, storageName, TORCH_OBJECTS } from './torchObjects.ts';
import { inPickle } from './torchZip.ts';
import { type UnpickleOptions, unpickle } from './unpickler.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
const mostRead = 2 ** 27;
const lengthField = 8;

/**
 * A checkpoint as torch.save wrote it before PyTorch 1.6: pickles of a magic number, a version, the machine, the
 * object and the order of its storages, and then the storages, each with its length in front.
 */
export async function openTorchLegacy(file: ByteFile): Promise<Archive> {
  const storageNames = new Map<string, StorageName>();
  const options: UnpickleOptions = {
    allowed: TORCH_OBJECTS,
    persistent(id) {
      const name = storageName(id);
      storageNames.set(name.key, name);
      return name;
    },
  };
  const { values, end } = await readPickles(file, options);
  const [magic, protocol, machine, root, keys] = values;
  const fail = (fault: string) => new CheckpointError(fault, file.path);
  if (magic !== MAGIC) throw fail('this is neither a PyTorch checkpoint nor another file that can be read');
  if (protocol !== PROTOCOL) throw fail(`version ${protocol} of the old PyTorch format is not read`);
  if (!Array.isArray(keys) || !keys.every(key => typeof key === 'string')) {
    throw fail('the order of its storages cannot be read');
  }
  const contents = inPickle(file, 'the pickle', { begin: 0, compressed: false }, () => contentsOf(root));
  const storages = await locate(file, keys as string[], storageNames, end);
  return torchArchive({
    file,
    format: 'PyTorch, legacy',
    contents,
    notes: [],
    bigEndian: machine instanceof Map && machine.get('little_endian') === false,
    async storageOf({ key }) {
      const storage = storages.get(key);
      if (!storage) throw fail(`storage ${key} is missing`);
      return storage;
    },
  });
}

/** The five pickles, read from as much of the file as they need. */
async function readPickles(
  file: ByteFile,
  options: UnpickleOptions,
): Promise<{ values: unknown[]; end: number }> {
  for (let length = 2 ** 20; ; length *= 4) {
    const bytes = await file.read(0, Math.min(file.size, length));
    const values: unknown[] = [];
    let end = 0;
    try {
      for (let i = 0; i < 5; i++) {
        const read = unpickle(bytes, end, options);
        values.push(read.value);
        end = read.end;
        // Whatever else begins like a pickle is not looked at further.
        if (i === 0 && read.value !== MAGIC) break;
      }
      return { values, end };
    } catch (error) {
      if (error instanceof PickleError && error.short && bytes.length < Math.min(file.size, mostRead))
        continue;
      return inPickle(file, 'the pickle', { begin: 0, compressed: false }, () => {
        throw error;
      });
    }
  }
}

async function locate(
  file: ByteFile,
  keys: readonly string[],
  names: ReadonlyMap<string, StorageName>,
  begin: number,
): Promise<Map<string, Storage>> {
  const storages = new Map<string, Storage>();
  let at = begin;
  for (const key of keys) {
    const name = names.get(key);
    const fail = (fault: string) => new CheckpointError(`storage ${key} at byte ${at}: ${fault}`, file.path);
    if (!name) throw fail('no tensor uses it');
    const field = await file.read(at, at + lengthField);
    const length = Buffer.from(field).readBigInt64LE(0);
    if (length !== BigInt(name.length))
      throw fail(`it has ${length} elements, but ${name.length} are expected`);
    const bytes = name.length * (name.dtype === undefined ? 1 : elementBytes(name.dtype));
    const end = at + lengthField + bytes;
    if (!(end <= file.size)) throw fail(`it should end at byte ${end}, but the file has ${file.size}`);
    storages.set(key, fileStorage(file, at + lengthField, end));
    at = end;
  }
  return storages;
}
