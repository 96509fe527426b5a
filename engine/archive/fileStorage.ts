import type { ByteFile } from '../checkpoint/byteFile.ts';
import type { Storage } from './storage.ts';

/** Bytes `begin` to `end` of a file as they are. */
export function fileStorage(file: ByteFile, begin: number, end: number): Storage {
  return {
    file: file.path,
    begin,
    end,
    compressed: false,
    size: end - begin,
    read: (from, to, into) => file.read(begin + from, begin + to, into),
  };
}
