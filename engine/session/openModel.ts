import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { levelsOf, tickOf } from '../checkpoint/config.ts';
import { readModelFolder } from '../checkpoint/modelFolder.ts';
import type { Tokenizer } from '../checkpoint/tokenizer.ts';
import { BaseModel } from '../model/baseModel.ts';
import { FastState } from '../model/fastState.ts';
import { stabilityOf } from '../model/stability.ts';
import type { ModelInfo } from '../protocol/model.ts';

/** A model folder that was read, with the fast state that training changes. */
export class OpenModel {
  private constructor(
    readonly path: string,
    readonly tokenizer: Tokenizer,
    readonly base: BaseModel,
    readonly fast: FastState,
    /** SHA-256 of `model.safetensors`, hexadecimal. */
    readonly modelHash: string,
    /** SHA-256 of `tokenizer.json`, hexadecimal. */
    readonly tokenizerHash: string,
  ) {}

  /** @throws CheckpointError naming the file that is missing or damaged. */
  static async read(path: string): Promise<OpenModel> {
    const folder = resolve(path);
    const { config, tokenizer, tensors } = await readModelFolder(folder);
    const [modelHash, tokenizerHash] = await Promise.all(
      ['model.safetensors', 'tokenizer.json'].map(async name =>
        createHash('sha256')
          .update(await readFile(join(folder, name)))
          .digest('hex'),
      ),
    );
    const base = new BaseModel(config, tensors, join(folder, 'model.safetensors'));
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
      levels: levelsOf(config),
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
