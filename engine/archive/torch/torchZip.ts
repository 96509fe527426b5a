import type { ByteFile } from '../../checkpoint/byteFile.ts';
import { CheckpointError } from '../../checkpoint/checkpointError.ts';
import type { Archive } from '../archive.ts';
import type { Storage } from '../storage.ts';
import { ZipFile } from '../zipFile.ts';
import { contentsOf } from './contents.ts';
import { PickleError } from './pickleError.ts';
import { torchArchive } from './torchArchive.ts';
import { storageName, TORCH_OBJECTS } from './torchObjects.ts';
import { unpickle } from './unpickler.ts';

// The pickle of a model with 100,000 tensors has about 20 MB.
const longestPickle = 2 ** 27;
const REMEDY = 'Save the weights alone, for example torch.save(model.state_dict(), path), or as safetensors.';

/**
 * A checkpoint that torch.save wrote (since PyTorch 1.6): a zip file with one pickle, `data.pkl`, and one stored entry
 * for every storage. Nothing that the pickle names is imported or run.
 */
export async function openTorchZip(file: ByteFile): Promise<Archive> {
  const zip = await ZipFile.open(file);
  const pickle = [...zip.entries.keys()].find(name => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new CheckpointError('this zip file has no data.pkl, so it is no PyTorch checkpoint', file.path);
  }
  const root = pickle.slice(0, -'data.pkl'.length);
  const source = await zip.storage(pickle);
  if (source.size > longestPickle) {
    throw new CheckpointError(
      `${pickle} has ${source.size} bytes; at most ${longestPickle} are read`,
      file.path,
    );
  }
  const bytes = await source.read(0, source.size);
  const contents = inPickle(file, pickle, source, () =>
    contentsOf(unpickle(bytes, 0, { allowed: TORCH_OBJECTS, persistent: storageName }).value),
  );
  const storages = new Map<string, Promise<Storage>>();
  return torchArchive({
    file,
    format: 'PyTorch',
    contents,
    notes: ['The checksums of the tensors are not checked, because only the bytes that are shown are read.'],
    bigEndian: await isBigEndian(zip, `${root}byteorder`),
    storageOf({ key }) {
      const entry = `${root}data/${key}`;
      const found = storages.get(entry) ?? zip.storage(entry);
      storages.set(entry, found);
      return found;
    },
  });
}

/** Runs what reads a pickle, and says of a fault in it where in the file it is. */
export function inPickle<T>(
  file: ByteFile,
  name: string,
  { begin, compressed }: Pick<Storage, 'begin' | 'compressed'>,
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PickleError) {
      const where = compressed ? `compressed, at file byte ${begin}` : `file byte ${begin + error.at}`;
      throw new CheckpointError(`${name} cannot be read: ${error.message}, ${where}`, file.path, REMEDY);
    }
    if (error instanceof RangeError) {
      throw new CheckpointError(`${name} cannot be read: ${error.message}`, file.path, REMEDY);
    }
    throw error;
  }
}

async function isBigEndian(zip: ZipFile, entry: string): Promise<boolean> {
  if (!zip.entries.has(entry)) return false;
  const storage = await zip.storage(entry);
  const text = Buffer.from(await storage.read(0, Math.min(storage.size, 16))).toString('latin1');
  return text.trim() === 'big';
}
