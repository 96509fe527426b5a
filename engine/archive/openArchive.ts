import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../checkpoint/atomicFile.ts';
import { ByteFile } from '../checkpoint/byteFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { readJson } from '../checkpoint/jsonFile.ts';
import type { Archive } from './archive.ts';
import { openNpz } from './numpy/npzArchive.ts';
import { openSafetensors } from './safetensorsArchive.ts';
import { openSharded } from './shardedArchive.ts';
import { openTorchLegacy } from './torch/torchLegacy.ts';
import { openTorchZip } from './torch/torchZip.ts';
import { ZipFile } from './zipFile.ts';

const REMEDY =
  'Open a safetensors file, a PyTorch .pt or .pth file, a NumPy .npz file, or the folder of a Hugging Face model.';
/** What a model folder is opened by, the first that is there. */
const folderFiles = [
  'model.safetensors.index.json',
  'model.safetensors',
  'pytorch_model.bin.index.json',
  'pytorch_model.bin',
];

/**
 * Opens a checkpoint of any format that is read, a file or a folder. Only headers are read; what an archive holds is
 * read when it is asked for. @throws CheckpointError naming the file, the place and the fault
 */
export async function openArchive(path: string): Promise<Archive> {
  const found = await stat(path).catch(error => {
    throw new CheckpointError(`cannot be opened: ${reasonOf(error)}`, path, REMEDY);
  });
  const archive = found.isDirectory() ? await openFolder(path) : await openFile(path);
  if (archive.config !== undefined) return archive;
  const config = await configBeside(archive.path);
  return config === undefined ? archive : { ...archive, config };
}

async function openFolder(path: string): Promise<Archive> {
  const names = await readdir(path);
  const known = folderFiles.find(name => names.includes(name));
  if (known) return openFile(join(path, known));
  const others = names.filter(name => /\.(safetensors|pt|pth|npz|bin)$/.test(name)).sort();
  if (others.length === 1) return openFile(join(path, others[0]));
  const choice = others.length ? `it holds ${others.slice(0, 5).join(', ')}` : 'it holds no checkpoint';
  throw new CheckpointError(`cannot be opened as one checkpoint: ${choice}`, path, REMEDY);
}

async function openFile(path: string): Promise<Archive> {
  if (path.endsWith('.index.json')) {
    return openSharded(await readJson(path), path, dirname(path), openSingle);
  }
  return openSingle(path);
}

async function openSingle(path: string): Promise<Archive> {
  const file = await ByteFile.open(path);
  try {
    return await readerOf(path, await file.read(0, Math.min(file.size, 512)))(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** By what the file begins with; its name counts only where that says nothing. */
function readerOf(path: string, head: Uint8Array): (file: ByteFile) => Promise<Archive> {
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('PK')) return openZip;
  if (/\.(safetensors|hopestate)$/.test(path)) return openSafetensors;
  if (text.startsWith('\x80')) return openTorchLegacy;
  if (text.slice(257, 262) === 'ustar') {
    throw new CheckpointError('PyTorch files from before 2016, tar archives, are not read', path, REMEDY);
  }
  if (text[8] === '{') return openSafetensors;
  const kind = text.trimStart().startsWith('<') ? ' (it looks like a web page)' : '';
  throw new CheckpointError(`this is no checkpoint of a known format${kind}`, path, REMEDY);
}

async function openZip(file: ByteFile): Promise<Archive> {
  if (file.path.endsWith('.npz')) return openNpz(file);
  if (/\.(pt|pth|bin|ckpt)$/.test(file.path)) return openTorchZip(file);
  const zip = await ZipFile.open(file);
  return [...zip.entries.keys()].some(name => name.endsWith('.npy')) ? openNpz(file) : openTorchZip(file);
}

/** The `config.json` beside a checkpoint, where it can be read: it only helps to name things. */
async function configBeside(path: string): Promise<unknown> {
  const name = basename(path);
  if (!folderFiles.includes(name) && !/^model-\d+-of-\d+\.safetensors$/.test(name)) return undefined;
  return readJson(join(dirname(path), 'config.json')).catch(() => undefined);
}
