import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import type { Tokenizer } from '../checkpoint/tokenizer.ts';
import { Random } from '../tensor/random.ts';

/** The documents of a training folder: each `.txt` file whole, each line `{"text": …}` of a `.jsonl` file. */
export async function readDocuments(folder: string): Promise<string[][]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => /\.(txt|jsonl)$/.test(name)).sort();
  if (names.length === 0) {
    const remedy = 'Name a folder that holds .txt or .jsonl files.';
    throw new CheckpointError('no training text found', folder, remedy);
  }
  return Promise.all(
    names.map(async name => {
      const path = join(folder, name);
      const content = await readFile(path, 'utf8');
      return name.endsWith('.txt') ? [content] : parseLines(content, path);
    }),
  );
}

function parseLines(content: string, path: string): string[] {
  return content.split('\n').flatMap((line, i) => {
    if (!line.trim()) return [];
    let text: unknown;
    try {
      text = (JSON.parse(line) as { text?: unknown } | null)?.text;
    } catch {
      text = undefined;
    }
    if (typeof text === 'string') return [text];
    const remedy = 'Every line must be a JSON object with a string "text".';
    throw new CheckpointError(`line ${i + 1} has no text`, path, remedy);
  });
}

/** Token streams for training and validation; the last documents of every file are held out. */
export interface Corpus {
  readonly training: readonly Int32Array[];
  /** `<|endoftext|>` before every document. */
  readonly validation: Int32Array;
  readonly trainingTokens: number;
}

/**
 * Tokenises the files' documents; long documents are cut into pieces of at most `pieceTokens`, so that held-out
 * text is a stretch of every file and shuffling mixes the files.
 */
export function tokeniseCorpus(
  files: readonly (readonly string[])[],
  tokenizer: Tokenizer,
  validationFraction: number,
  pieceTokens = 1024,
): Corpus {
  const training: Int32Array[] = [];
  const validation: Int32Array[] = [];
  for (const documents of files) {
    const pieces = documents.flatMap(text => cut(tokenizer.encode(text).ids, pieceTokens));
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let left = total * (1 - validationFraction);
    for (const piece of pieces) {
      (left > 0 ? training : validation).push(piece);
      left -= piece.length;
    }
  }
  const trainingTokens = training.reduce((sum, piece) => sum + piece.length + 1, 0);
  return { training, validation: joinDocuments(validation, tokenizer.endOfText), trainingTokens };
}

function cut(ids: Int32Array, length: number): Int32Array[] {
  const pieces = Math.ceil(ids.length / length);
  return Array.from({ length: pieces }, (_, i) => ids.subarray(i * length, (i + 1) * length));
}

/** All documents end to end, `endOfText` before each. */
export function joinDocuments(documents: readonly Int32Array[], endOfText: number): Int32Array {
  const stream = new Int32Array(documents.reduce((sum, document) => sum + document.length + 1, 0));
  let at = 0;
  for (const document of documents) {
    stream[at] = endOfText;
    stream.set(document, at + 1);
    at += document.length + 1;
  }
  return stream;
}

/** Rows of consecutive training tokens for any step, a pure function of seed and step: resuming needs no state. */
export class BatchSource {
  private epoch = -1;
  private stream: Int32Array = new Int32Array(0);

  constructor(
    private readonly corpus: Corpus,
    private readonly endOfText: number,
    private readonly batch: number,
    private readonly tokens: number,
    private readonly seed: number,
  ) {}

  get stepsPerEpoch(): number {
    return Math.max(1, Math.floor((this.corpus.trainingTokens - 1) / (this.batch * this.tokens)));
  }

  /** @param step counted from 1 @returns inputs and next tokens, [B × T] each. */
  at(step: number): { ids: Int32Array; targets: Int32Array } {
    const { batch, tokens, stepsPerEpoch } = this;
    this.shuffle(Math.floor((step - 1) / stepsPerEpoch));
    const within = (step - 1) % stepsPerEpoch;
    const ids = new Int32Array(batch * tokens);
    const targets = new Int32Array(batch * tokens);
    for (let row = 0; row < batch; row++) {
      const from = (row * stepsPerEpoch + within) * tokens;
      ids.set(this.stream.subarray(from, from + tokens), row * tokens);
      targets.set(this.stream.subarray(from + 1, from + tokens + 1), row * tokens);
    }
    return { ids, targets };
  }

  private shuffle(epoch: number): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    const random = new Random(this.seed + 7919 * epoch);
    const order = [...this.corpus.training];
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    this.stream = joinDocuments(order, this.endOfText);
  }
}
