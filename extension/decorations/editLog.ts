import type { OffsetEdit } from './tokenSpans.ts';

const KEPT_CHANGES = 500;

interface Change {
  /** Version of the document after it. */
  readonly version: number;
  readonly edits: readonly OffsetEdit[];
}

/**
 * The newest edits of every open document. A text is read for training a moment before its run begins; what is typed
 * in between is found here.
 */
export class EditLog {
  readonly #documents = new Map<string, { changes: Change[]; forgotten: number }>();
  readonly #kept: number;

  /** @param kept changes a document */
  constructor(kept = KEPT_CHANGES) {
    this.#kept = kept;
  }

  record(uri: string, version: number, edits: readonly OffsetEdit[]): void {
    if (edits.length === 0) return;
    const document = this.#documents.get(uri) ?? { changes: [], forgotten: 0 };
    this.#documents.set(uri, document);
    document.changes.push({ version, edits });
    if (document.changes.length > this.#kept) document.forgotten = document.changes.shift()!.version;
  }

  /** All edits since a version of a document, oldest first; undefined when they are no longer all known. */
  since(uri: string, version: number): OffsetEdit[] | undefined {
    const document = this.#documents.get(uri);
    if (!document) return [];
    if (document.forgotten > version) return undefined;
    return document.changes.filter(change => change.version > version).flatMap(change => change.edits);
  }

  forget(uri: string): void {
    this.#documents.delete(uri);
  }
}
