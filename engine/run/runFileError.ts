/** A run file that cannot be written or read: says what is wrong, where, and what to do. */
export class RunFileError extends Error {
  override readonly name = 'RunFileError';
  /** The run file. */
  readonly path: string;
  /** What the user can do, one sentence. */
  readonly remedy: string;

  constructor(message: string, path: string, remedy: string, cause?: unknown) {
    super(`${path}: ${message}`, { cause });
    this.path = path;
    this.remedy = remedy;
  }
}

const RECOVER = 'Copy what can still be read with the sqlite3 tool and ".recover", or train again.';

/** The error of a run file whose content contradicts itself. @param detail What was found, and where in the file. */
export function damaged(path: string, detail: string, cause?: unknown): RunFileError {
  return new RunFileError(`the run file is damaged: ${detail}`, path, RECOVER, cause);
}

/** Runs a database action; what SQLite refuses comes out as a {@link RunFileError} about this file. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw translate(path, error);
  }
}

/** Primary result codes, https://sqlite.org/rescode.html */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const TOOBIG = 18;
const NOTADB = 26;

function translate(path: string, error: unknown): unknown {
  if (error instanceof RunFileError || !(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  // node:sqlite refuses integers that a JavaScript number cannot hold; no run ever writes one.
  if (code === 'ERR_OUT_OF_RANGE') return damaged(path, error.message, error);
  if (code !== 'ERR_SQLITE_ERROR') return error;
  const failure = (message: string, remedy: string) =>
    new RunFileError(`${message} (${error.message})`, path, remedy, error);
  switch (Number((error as { errcode?: unknown }).errcode) & 0xff) {
    case BUSY:
      return failure('another program keeps the run file locked', 'Close that program, then try again.');
    case READONLY:
    case CANTOPEN:
      return failure(
        'the run file cannot be opened',
        'Check that its folder exists and may be written to; SQLite needs that even to read a run that was killed.',
      );
    case IOERR:
    case FULL:
      return failure('the disk refused to read or write', 'Check that the disk has free space and works.');
    case TOOBIG:
      return failure(
        'a value is too large for one row of SQLite (1 GB)',
        'Train a smaller model, or without a run file.',
      );
    case NOTADB:
      return failure('this is not a run file', 'Choose a file that Hopescope recorded (*.hoperun).');
    case CORRUPT:
      return damaged(path, error.message, error);
    default:
      return failure('SQLite refused', RECOVER);
  }
}
