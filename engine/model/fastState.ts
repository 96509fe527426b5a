import type { HopeConfig } from '../checkpoint/config.ts';
import { tf } from '../tensor/tf.ts';
import type { BaseModel } from './baseModel.ts';
import { emptyTail } from './languageModel.ts';
import type { ConvolutionTail } from './localConvolution.ts';
import { bindParameters, type HopeParameters, type ParameterSpec } from './parameters.ts';
import type { Generated } from './selfModifyingTitans.ts';

/** What one block has read since its levels last fired; a chunk just opened has 0 tokens. */
export interface OpenChunks {
  projections: Generated;
  memory: Generated;
  tail: ConvolutionTail;
}

/** Everything that training on a selection may change, against the base checkpoint that it never changes. */
export class FastState {
  /** Specs of the tensors that can change, in file order. */
  readonly specs: readonly ParameterSpec[];
  /** Current weights by name. */
  readonly tensors = new Map<string, tf.Tensor>();
  /** Sums of errors of the CMS chunks that are still open, by name (Eq. 71). */
  readonly sums = new Map<string, tf.Tensor>();
  /** Tokens since its last update, a level. */
  readonly pending = new Map<string, number>();
  readonly open: OpenChunks[];
  /** Distance of the last token from the start of its document, [1]. */
  sinceStart: Int32Array;
  /** Updates applied since the base checkpoint. */
  updates = 0;

  constructor(readonly base: BaseModel) {
    const { config } = base;
    this.specs = base.specs.filter(spec => spec.level !== 'outer');
    for (const { name } of this.specs) this.tensors.set(name, base.tensors.get(name)!.clone());
    this.openSums();
    this.open = Array.from({ length: config.blocks }, () => openChunks(config));
    this.sinceStart = untouched(config);
  }

  /** All parameters with the fast weights in place of the base's. */
  parameters(): HopeParameters {
    return bindParameters(this.base.config, name => this.tensors.get(name) ?? this.base.tensors.get(name)!);
  }

  /** Replaces a fast weight; takes ownership of the tensor. */
  set(name: string, tensor: tf.Tensor): void {
    this.tensors.get(name)?.dispose();
    this.tensors.set(name, tensor);
  }

  /** Replaces the sum of an open CMS chunk; takes ownership of the tensor. */
  setSum(name: string, tensor: tf.Tensor): void {
    this.sums.get(name)?.dispose();
    this.sums.set(name, tensor);
  }

  /** Ends the open chunk of one level: its tokens are written or, at rate 0, forgotten. */
  closeChunk(level: string): void {
    this.pending.set(level, 0);
    if (level === 'memory' || level === 'projections') {
      for (const block of this.open) {
        tf.dispose({ ...block[level] });
        block[level] = emptyChunk(this.base.config);
      }
      return;
    }
    for (const { name } of this.specs.filter(spec => spec.level === level)) {
      this.setSum(name, tf.zerosLike(this.tensors.get(name)!));
    }
  }

  /** Forgets what levels have read but not yet been updated with, and the convolution windows. */
  dropOpenChunks(): void {
    this.disposeOpen();
    this.openSums();
    this.pending.clear();
    this.open.splice(0, this.open.length, ...this.open.map(() => openChunks(this.base.config)));
    this.sinceStart = untouched(this.base.config);
  }

  /** Back to the base checkpoint. */
  reset(): void {
    for (const { name } of this.specs) this.set(name, this.base.tensors.get(name)!.clone());
    this.dropOpenChunks();
    this.updates = 0;
  }

  dispose(): void {
    this.disposeOpen();
    tf.dispose([...this.tensors.values()]);
    this.tensors.clear();
  }

  private openSums(): void {
    for (const { name, level } of this.specs) {
      if (level.startsWith('cms.')) this.sums.set(name, tf.zerosLike(this.tensors.get(name)!));
    }
  }

  private disposeOpen(): void {
    tf.dispose([...this.sums.values()]);
    this.sums.clear();
    for (const { projections, memory, tail } of this.open)
      tf.dispose([{ ...projections }, { ...memory }, tail]);
  }
}

function openChunks(config: HopeConfig): OpenChunks {
  return { projections: emptyChunk(config), memory: emptyChunk(config), tail: emptyTail(config, 1) };
}

function emptyChunk({ heads, width }: HopeConfig): Generated {
  return {
    k: tf.zeros([heads, 0, width / heads]),
    v: tf.zeros([heads, 0, width / heads]),
    eta: tf.zeros([heads, 0]),
    logAlpha: tf.zeros([heads, 0]),
  };
}

/** No document was begun: the empty convolution window stands for what came before. */
function untouched(config: HopeConfig): Int32Array {
  return new Int32Array(1).fill(config.convolution);
}
