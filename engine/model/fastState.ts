import type { HopeConfig } from '../checkpoint/config.ts';
import { hasMemories } from '../checkpoint/systems.ts';
import { adaptiveOf } from '../checkpoint/titansConfig.ts';
import { owned } from '../tensor/continuumSum.ts';
import { tf } from '../tensor/tf.ts';
import type { BaseModel } from './baseModel.ts';
import { beforeStart, emptyTail } from './languageModel.ts';
import type { ConvolutionTail } from './localConvolution.ts';
import { mixerOf } from './mixer/index.ts';
import type { MixerState } from './mixer/mixer.ts';
import { CONTEXT, GRAM, type MemoryWrite, memoryName, SIGNAL } from './optimizerMemory.ts';
import { bindParameters, type HopeParameters, type ParameterSpec } from './parameters.ts';
import type { Generated } from './selfModifyingTitans.ts';

/** What one block has read since its levels last fired; a chunk just opened has 0 tokens. */
export interface OpenChunks {
  projections: Generated;
  memory: Generated;
  tail: ConvolutionTail;
  /** Of a system without memories: what its blocks look back on. */
  mixer: MixerState;
}

/** Everything that training on a selection may change, against the base checkpoint that it never changes. */
export class FastState {
  /** Specs of the tensors that can change, in file order. */
  readonly specs: readonly ParameterSpec[];
  /** Current weights by name. */
  readonly tensors = new Map<string, tf.Tensor>();
  /** Sums of errors of the CMS chunks that are still open, by name (Eq. 71). */
  readonly sums = new Map<string, tf.Tensor>();
  /**
   * Memories of the optimizers of the levels by the name of their tensor and their own, `….expand.weight.m`; one that
   * is not there is zero. They outlive the chunks.
   */
  readonly optimizer = new Map<string, tf.Tensor>();
  /** What was measured of their last writes, by the same names; nothing of a state that was put back. */
  readonly memoryWrites = new Map<string, MemoryWrite>();
  /** Tokens since its last update, a level. */
  readonly pending = new Map<string, number>();
  readonly open: OpenChunks[];
  /** Distance of the last token from the start of its document, [1]. */
  sinceStart: Int32Array;
  /** Updates applied since the base checkpoint. */
  updates = 0;
  /** What `parameters` last answered, as long as no weight is replaced. */
  private bound: HopeParameters | undefined;
  /** What `ownedSums` last answered, as long as no sum is replaced. */
  private boundSums: HopeParameters | undefined;

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
    this.bound ??= bindParameters(
      this.base.config,
      name => this.tensors.get(name) ?? this.base.tensors.get(name)!,
    );
    return this.bound;
  }

  /** The open sums in the places of their parameters, whose memory nothing else shares: they may be added to in place. */
  ownedSums(): HopeParameters {
    for (const [name, sum] of this.sums) {
      const alone = owned(sum);
      if (alone === sum) continue;
      this.sums.set(name, alone);
      this.boundSums = undefined;
    }
    this.boundSums ??= bindParameters(this.base.config, name => this.sums.get(name)!);
    return this.boundSums;
  }

  /** Replaces a fast weight; takes ownership of the tensor. */
  set(name: string, tensor: tf.Tensor): void {
    this.tensors.get(name)?.dispose();
    this.tensors.set(name, tensor);
    this.bound = undefined;
  }

  /** Replaces the sum of an open CMS chunk; takes ownership of the tensor. */
  setSum(name: string, tensor: tf.Tensor): void {
    this.sums.get(name)?.dispose();
    this.sums.set(name, tensor);
    this.boundSums = undefined;
  }

  /** Replaces a memory of an optimizer; takes ownership of the tensor. */
  setOptimizer(name: string, tensor: tf.Tensor): void {
    this.optimizer.get(name)?.dispose();
    this.optimizer.set(name, tensor);
  }

  /** Forgets what the optimizers of the levels remember. */
  forgetOptimizers(): void {
    tf.dispose([...this.optimizer.values()]);
    this.optimizer.clear();
    this.memoryWrites.clear();
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
      this.setSum(name, zeros(this.tensors.get(name)!));
      this.forgetInputs(name);
    }
  }

  /** Forgets what levels have read but not yet been updated with, and the convolution windows. */
  dropOpenChunks(): void {
    this.disposeOpen();
    this.openSums();
    for (const { name } of this.specs) this.forgetInputs(name);
    this.pending.clear();
    this.open.splice(0, this.open.length, ...this.open.map(() => openChunks(this.base.config)));
    this.sinceStart = untouched(this.base.config);
  }

  /** Back to the base checkpoint. */
  reset(): void {
    for (const { name } of this.specs) this.set(name, this.base.tensors.get(name)!.clone());
    this.dropOpenChunks();
    this.forgetOptimizers();
    this.updates = 0;
  }

  dispose(): void {
    this.disposeOpen();
    this.forgetOptimizers();
    tf.dispose([...this.tensors.values()]);
    this.tensors.clear();
    this.bound = undefined;
  }

  /** What went into a matrix, or what it was first told, belongs to its chunk. */
  private forgetInputs(name: string): void {
    for (const memory of [GRAM, CONTEXT, SIGNAL]) {
      const at = memoryName(name, memory);
      this.optimizer.get(at)?.dispose();
      this.optimizer.delete(at);
    }
  }

  private openSums(): void {
    for (const { name, level } of this.specs) {
      if (level.startsWith('cms.')) this.sums.set(name, zeros(this.tensors.get(name)!));
    }
  }

  private disposeOpen(): void {
    tf.dispose([...this.sums.values()]);
    this.sums.clear();
    this.boundSums = undefined;
    for (const { projections, memory, tail, mixer } of this.open)
      tf.dispose([{ ...projections }, { ...memory }, tail, { ...mixer }]);
  }
}

/** As many zeros, made where the backend has its numbers: `tf.zerosLike` makes an array and copies it. */
function zeros({ shape }: tf.Tensor): tf.Tensor {
  return tf.fill([...shape], 0);
}

function openChunks(config: HopeConfig): OpenChunks {
  return {
    projections: emptyChunk(config),
    memory: emptyChunk(config),
    tail: emptyTail(config, 1),
    mixer: hasMemories(config) ? {} : mixerOf(config).start(config.width, config.heads, 1),
  };
}

function emptyChunk(config: HopeConfig): Generated {
  const { heads, width, titans } = config;
  const none = () => tf.zeros<tf.Rank.R3>([heads, 0, width / heads]);
  const gates = () => tf.zeros<tf.Rank.R2>([heads, 0]);
  const adaptive = adaptiveOf(titans);
  const shared = titans.values === 'shared';
  return {
    k: none(),
    v: none(),
    eta: gates(),
    logAlpha: gates(),
    ...(shared && adaptive.includes('q') && { qKey: none() }),
    ...(shared && adaptive.includes('eta') && { etaKey: none() }),
    ...(shared && adaptive.includes('alpha') && { alphaKey: none() }),
  };
}

/** No document was begun. */
function untouched(config: HopeConfig): Int32Array {
  return new Int32Array(1).fill(beforeStart(config));
}
