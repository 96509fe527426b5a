import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { tickOf } from '../checkpoint/config.ts';
import type { Tokenizer } from '../checkpoint/tokenizer.ts';
import { BaseModel } from '../model/baseModel.ts';
import { FastState } from '../model/fastState.ts';
import { stabilityOf } from '../model/stability.ts';
import { openFolder } from '../pretrained/openFolder.ts';
import type { ModelInfo } from '../protocol/model.ts';
import { recordedLevels } from '../train/memoryLevels.ts';

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** A model folder that was read, with the fast state that training changes. */
export class OpenModel {
  private constructor(
    readonly path: string,
    readonly tokenizer: Tokenizer,
    readonly base: BaseModel,
    readonly fast: FastState,
    /** SHA-256 of `model.safetensors`, of several files one after the other, hexadecimal. */
    readonly modelHash: string,
    /** SHA-256 of `tokenizer.json`, hexadecimal. */
    readonly tokenizerHash: string,
  ) {}

  /** @throws CheckpointError naming the file that is missing or damaged. */
  static async read(path: string): Promise<OpenModel> {
    const folder = resolve(path);
    const { config, tokenizer, tensors, files } = await openFolder(folder);
    const [modelHash, tokenizerHash] = await Promise.all([
      hashOf(files),
      hashOf([join(folder, 'tokenizer.json')]),
    ]);
    const base = new BaseModel(config, tensors, files[0]);
    return new OpenModel(folder, tokenizer, base, new FastState(base), modelHash, tokenizerHash);
  }

  get info(): ModelInfo {
    const { config, specs } = this.base;
    return {
      name: config.name || basename(this.path),
      path: this.path,
      blocks: config.blocks,
      width: config.width,
      heads: config.heads,
      vocabulary: config.vocabulary,
      parameters: specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      levels: [...recordedLevels(config), { id: 'outer', period: 0 }],
      tick: tickOf(config),
      stability: stabilityOf(config),
      updates: this.fast.updates,
    };
  }

  dispose(): void {
    this.fast.dispose();
    this.base.dispose();
  }
}
