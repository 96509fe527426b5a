import type { Readable } from 'node:stream';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile as Reader } from 'yauzl';
import type { ByteFile } from '../checkpoint/byteFile.ts';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { fileStorage } from './fileStorage.ts';
import { inflatedStorage, MOST_INFLATION } from './inflatedStorage.ts';
import type { Storage } from './storage.ts';

const stored = 0;
const deflated = 8;
const mostEntries = 2 ** 20;

/** The entries of a zip file. Its directory is read at once, what an entry holds at its first need. */
export class ZipFile {
  private constructor(
    private readonly file: ByteFile,
    private readonly reader: Reader,
    readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @throws CheckpointError when it is cut off or its directory is damaged */
  static async open(file: ByteFile): Promise<ZipFile> {
    const entries = new Map<string, Entry>();
    try {
      const reader = await fromRandomAccessReaderPromise(new FileReader(file), file.size, {
        autoClose: false,
      });
      if (reader.entryCount > mostEntries) {
        throw new CheckpointError(`its directory claims ${reader.entryCount} entries`, file.path);
      }
      for await (const entry of reader.eachEntry()) {
        if (entries.has(entry.fileName)) {
          throw new CheckpointError(`entry ${JSON.stringify(entry.fileName)} occurs twice`, file.path);
        }
        entries.set(entry.fileName, entry);
      }
      return new ZipFile(file, reader, entries);
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw new CheckpointError(
        `the zip directory at the end of its ${file.size} bytes cannot be read: ${plain(error)}`,
        file.path,
      );
    }
  }

  /**
   * What an entry holds.
   * @throws CheckpointError when it is encrypted, lies outside the file, or claims more than its bytes can hold
   */
  async storage(name: string): Promise<Storage> {
    const entry = this.entries.get(name);
    const fail = (fault: string) =>
      new CheckpointError(`entry ${JSON.stringify(name)}: ${fault}`, this.file.path);
    if (!entry) throw fail('it is missing');
    const { compressedSize, uncompressedSize, compressionMethod: method } = entry;
    if (entry.isEncrypted()) throw fail('it is encrypted');
    if (method !== stored && method !== deflated) throw fail(`compression method ${method} cannot be read`);
    const begin = await this.#dataStart(entry).catch(error => {
      throw fail(`its header at byte ${entry.relativeOffsetOfLocalHeader} cannot be read: ${plain(error)}`);
    });
    const end = begin + compressedSize;
    if (end > this.file.size) {
      throw fail(`it should end at byte ${end}, but the file has ${this.file.size}; it is cut off`);
    }
    if (method === stored) return fileStorage(this.file, begin, end);
    if (uncompressedSize > compressedSize * MOST_INFLATION) {
      throw fail(
        `it claims ${uncompressedSize} bytes, which the ${compressedSize} at byte ${begin} cannot hold`,
      );
    }
    return inflatedStorage(this.file, begin, end, uncompressedSize, name);
  }

  async #dataStart(entry: Entry): Promise<number> {
    const { fileDataStart } = await this.reader.readLocalFileHeaderPromise(entry, { minimal: true });
    return fileDataStart;
  }
}

/** Reads where the directory says, which may be nowhere in the file: that is a fault of the file, not a crash. */
class FileReader extends RandomAccessReader {
  constructor(private readonly file: ByteFile) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.file.read(position, position + length).then(
      bytes => {
        buffer.set(bytes, offset);
        setImmediate(callback, null);
      },
      error => setImmediate(callback, error),
    );
  }

  override _readStreamForRange(): Readable {
    throw new Error('entries are read by range');
  }
}

function plain(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/[\s.]+$/, '');
}
