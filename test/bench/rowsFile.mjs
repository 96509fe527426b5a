import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The rows of a bench as JSON lines, written as they are measured: a header, then {part, row}, and {part, finished} once
 * a part has all of its rows. What an interrupted or failed part measured stays until the part is measured again.
 */
export class RowsFile {
  /** Part → { rows, finished }. */
  #parts = new Map();
  #path;

  /** A new file; the one before is kept beside it. */
  static start(path, header) {
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) renameSync(path, `${path}.previous`);
    writeFileSync(path, `${JSON.stringify(header)}\n`);
    return new RowsFile(path);
  }

  /** The rows of earlier, to be added to; a new file where there is none. @throws Error for another machine's. */
  static resume(path, header) {
    if (!existsSync(path)) return RowsFile.start(path, header);
    const file = new RowsFile(path);
    const text = readFileSync(path, 'utf8');
    if (!text.endsWith('\n')) appendFileSync(path, '\n');
    const [first, ...lines] = text.split('\n').filter(Boolean);
    const { machine } = parse(first) ?? {};
    if (machine !== header.machine) {
      throw new Error(
        `${path} was measured on ${machine}, this is ${header.machine}. Start without --resume.`,
      );
    }
    for (const line of lines) file.#take(parse(line));
    return file;
  }

  constructor(path) {
    this.#path = path;
  }

  /** Rows of a part measured anew take the place of the old ones. */
  begin(part) {
    this.#write({ part, begun: true });
  }

  add(part, row) {
    this.#write({ part, row });
  }

  finish(part) {
    this.#write({ part, finished: true });
  }

  isFinished(part) {
    return this.#parts.get(part)?.finished ?? false;
  }

  /** All rows, in the order of `parts`. */
  rows(parts) {
    return parts.flatMap(part => this.#parts.get(part)?.rows ?? []);
  }

  #write(entry) {
    this.#take(entry);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }

  #take(entry) {
    if (!entry) return;
    const { part, row, begun, finished } = entry;
    if (begun || !this.#parts.has(part)) this.#parts.set(part, { rows: [], finished: false });
    const known = this.#parts.get(part);
    if (row) known.rows.push(row);
    if (finished) known.finished = true;
  }
}

/** Undefined for a line that a kill cut off. */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
