/**
 * The Hope language model in plain float64 loops, one token after the other, from the equations: no chunk algebra,
 * no tensors, no shared code with the engine but the type of its config. Slow and meant to be obvious.
 */
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import {
  add,
  apply,
  applyTransposed,
  crossEntropy,
  gelu,
  geluDerivative,
  layerNorm,
  type Matrix,
  norm,
  sigmoid,
  softplus,
  type Vector,
} from './referenceMath.ts';

/** Weights by their names in `model.safetensors`. */
export type Weights = Map<string, Matrix>;

export const PROJECTIONS = ['k', 'v', 'eta', 'alpha'] as const;
export type Memory = (typeof PROJECTIONS)[number] | 'memory';

/** What the memories of one block and head generate for a token (Eq. 84). */
export interface Generated {
  readonly k: Vector;
  readonly v: Vector;
  readonly eta: number;
  readonly alpha: number;
}

/** Added to the output of block b's memories (place 0) and of its CMS level k (place k + 1). */
export type Nudge = (block: number, place: number) => Vector | undefined;

/** One token of one head's inner gradient on a memory, after it was clipped. */
interface InnerGradient {
  readonly w1: Matrix;
  readonly w2: Matrix;
  /** ‖∇_y ℓ‖² before it was clipped. */
  readonly surprise: number;
  readonly clipped: boolean;
}

/** Reads tokens, and carries what each leaves behind. */
export class Reference {
  /** Inputs of each block's convolution since the start of the document, newest last. */
  windows: Vector[][];
  /** Memories as the recurrence of Eq. 90 has left them, M_t; reads take M_ξ from `weights`. */
  running: Weights = new Map();
  /** Tokens since the last write of the memories, a level. */
  pending = { memory: 0, projections: 0 };
  /** How often an inner gradient was longer than the ceiling, and how often not. */
  readonly clips = { yes: 0, no: 0 };

  constructor(
    readonly config: HopeConfig,
    readonly weights: Weights,
    readonly endOfText: number,
  ) {
    this.windows = Array.from({ length: config.blocks }, () => []);
    this.openChunk('memory');
    this.openChunk('projections');
  }

  /** Reads and writes a sequence; −log p of every target, nats. */
  readSequence(ids: ArrayLike<number>, targets: ArrayLike<number>): number[] {
    return Array.from(ids, (id, t) => {
      const { hidden, memoryInputs } = this.readToken(id);
      memoryInputs.forEach((x, block) => {
        this.writeToken(block, x, 'memory');
        this.writeToken(block, x, 'projections');
      });
      this.countToken('projections', this.config.titans.projections_period);
      this.countToken('memory', this.config.titans.memory_period);
      return this.loss(hidden, targets[t]);
    });
  }

  /** One token through all blocks with the weights at the start of the open chunks. */
  readToken(id: number, nudge?: Nudge): { hidden: Vector; memoryInputs: Vector[] } {
    const { config } = this;
    if (id === this.endOfText) this.windows = this.windows.map(() => []);
    const embed = this.weight('embed.weight');
    let x: Vector = Array.from(embed.subarray(id * config.width, (id + 1) * config.width));
    const memoryInputs: Vector[] = [];
    for (let block = 0; block < config.blocks; block++) {
      const at = `blocks.${block}`;
      this.windows[block] = [...this.windows[block], this.norm(`${at}.norm`, x)];
      const convolved = this.convolve(block);
      memoryInputs.push(convolved);
      const query = apply(this.weight(`${at}.selfmod.w_q.weight`), convolved);
      const read = this.heads(query).flatMap(
        (q, head) => this.readMemory(block, head, 'memory', config.titans.qk_norm ? unit(q) : q).out,
      );
      x = add(x, apply(this.weight(`${at}.selfmod.w_o.weight`), nudged(read, nudge?.(block, 0))));
      for (let k = 0; k < config.cms.periods.length; k++) {
        x = nudged(this.continuumLevel(block, k, x), nudge?.(block, k + 1));
      }
    }
    return { hidden: this.norm('norm', x), memoryInputs };
  }

  /** −log p(target) through the tied head. */
  loss(hidden: Vector, target: number): number {
    return crossEntropy(apply(this.weight('embed.weight'), hidden), target);
  }

  /** k_t, v_t, η_t, α_t of every head. */
  generate(block: number, x: Vector): Generated[] {
    const { titans } = this.config;
    return this.heads(x).map((part, head) => {
      const k = this.readMemory(block, head, 'k', part).out;
      const eta = softplus(this.readMemory(block, head, 'eta', part).out[0] + titans.eta_bias);
      return {
        k: titans.qk_norm ? unit(k) : k,
        v: this.readMemory(block, head, 'v', part).out,
        eta: Math.min(titans.eta_scale * eta, titans.eta_ceiling),
        alpha: sigmoid(this.readMemory(block, head, 'alpha', part).out[0] + titans.alpha_bias),
      };
    });
  }

  /**
   * M_t = M_{t−1} (α_t I − η_t k_t k_tᵀ) − η_t ∇ℓ(M_ξ; k_t, v̂_t) for each memory of a level (Eq. 88, 90), where the
   * right factor acts on W2 and W1 decays by α alone. `rate` multiplies η.
   * @returns ‖∇_y ℓ‖ over the level's memories, a head
   */
  writeToken(block: number, x: Vector, level: 'memory' | 'projections', rate = 1): number[] {
    return this.generate(block, x).map((generated, head) => {
      const { k, eta, alpha } = generated;
      let surprise = 0;
      for (const name of memoriesOf(level)) {
        const gradient = this.innerGradient(block, head, name, generated);
        surprise += gradient.surprise;
        this.clips[gradient.clipped ? 'yes' : 'no']++;
        const [w1, w2] = this.memory(this.running, block, head, name);
        const read = apply(w2, k);
        w1.forEach((value, i) => {
          w1[i] = alpha * value - rate * eta * gradient.w1[i];
        });
        w2.forEach((value, i) => {
          const erase = read[Math.floor(i / k.length)] * k[i % k.length];
          w2[i] = alpha * value - rate * eta * erase - rate * eta * gradient.w2[i];
        });
      }
      return Math.sqrt(surprise);
    });
  }

  /** M_ξ ← M_t: the end of a chunk. */
  closeChunk(level: 'memory' | 'projections'): void {
    for (const [name, w] of this.running) if (levelOf(name) === level) this.weights.set(name, w);
    this.openChunk(level);
  }

  /** Forgets what was written in a chunk that is still open. */
  openChunk(level: 'memory' | 'projections'): void {
    this.pending[level] = 0;
    for (const [name, w] of this.weights) if (levelOf(name) === level) this.running.set(name, w.slice());
  }

  private countToken(level: 'memory' | 'projections', period: number): void {
    this.pending[level]++;
    if (this.pending[level] === period) this.closeChunk(level);
  }

  /** ∇‖M_ξ(k) − v̂‖² with v̂ = M_ξ(v) constant, no longer than the ceiling. */
  private innerGradient(block: number, head: number, name: Memory, { k, v }: Generated): InnerGradient {
    const vHat = this.readMemory(block, head, name, v).out;
    const { pre, hidden, out } = this.readMemory(block, head, name, k);
    const error = out.map((y, i) => 2 * (y - vHat[i]));
    const [w1] = this.memory(this.weights, block, head, name);
    const delta = applyTransposed(w1, error).map((value, i) => value * geluDerivative(pre[i]));
    const gradient = { w1: outer(error, hidden), w2: outer(delta, k) };
    const length = Math.hypot(norm(gradient.w1), norm(gradient.w2));
    const scale = Math.min(1, this.config.titans.gradient_ceiling / length);
    return {
      w1: gradient.w1.map(value => scale * value),
      w2: gradient.w2.map(value => scale * value),
      surprise: norm(error) ** 2,
      clipped: scale < 1,
    };
  }

  /** M□(z) = z + W1 σ(W2 z) (Eq. 89); η and α have one output and no identity. */
  private readMemory(block: number, head: number, name: Memory, z: Vector) {
    const [w1, w2] = this.memory(this.weights, block, head, name);
    const pre = apply(w2, z);
    const hidden = pre.map(gelu);
    const mapped = apply(w1, hidden);
    return { pre, hidden, out: name === 'eta' || name === 'alpha' ? mapped : add(z, mapped) };
  }

  private memory(weights: Weights, block: number, head: number, name: Memory): [Matrix, Matrix] {
    const { heads } = this.config;
    const part = (w: Matrix) => w.subarray((head * w.length) / heads, ((head + 1) * w.length) / heads);
    const at = `blocks.${block}.selfmod.m_${name}`;
    return [part(weights.get(`${at}.w1`)!), part(weights.get(`${at}.w2`)!)];
  }

  /** Σ over the taps that lie in this document, the last tap being the current token. */
  private convolve(block: number): number[] {
    const weight = this.weight(`blocks.${block}.selfmod.local_conv.weight`);
    const taps = this.config.convolution;
    const window = this.windows[block];
    return window[window.length - 1].map((_, channel) => {
      let sum = 0;
      for (let back = 0; back < Math.min(taps, window.length); back++) {
        sum += weight[channel * taps + taps - 1 - back] * window[window.length - 1 - back][channel];
      }
      return sum;
    });
  }

  /** x + W_b σ(W_a LN(x) + b_a) + b_b */
  private continuumLevel(block: number, k: number, x: Vector): number[] {
    const at = `blocks.${block}.cms.${k}`;
    const bias = (part: string) => Array.from(this.weight(`${at}.${part}.bias`));
    const expanded = apply(this.weight(`${at}.expand.weight`), this.norm(`${at}.norm`, x));
    const hidden = add(expanded, bias('expand')).map(gelu);
    return add(x, add(apply(this.weight(`${at}.contract.weight`), hidden), bias('contract')));
  }

  private norm(name: string, x: Vector): number[] {
    return layerNorm(x, this.weight(`${name}.weight`), this.weight(`${name}.bias`));
  }

  private weight(name: string): Matrix {
    return this.weights.get(name)!;
  }

  private heads(x: Vector): Vector[] {
    const inner = x.length / this.config.heads;
    return Array.from({ length: this.config.heads }, (_, head) => x.slice(head * inner, (head + 1) * inner));
  }
}

/** Level of a weight, by its name. */
export function levelOf(name: string): string {
  const [, cms] = /\.(cms\.\d+)\./.exec(name) ?? [];
  const [, memory] = /\.m_(\w+)\./.exec(name) ?? [];
  return cms ?? (memory ? (memory === 'memory' ? 'memory' : 'projections') : 'outer');
}

function memoriesOf(level: 'memory' | 'projections'): readonly Memory[] {
  return level === 'memory' ? ['memory'] : PROJECTIONS;
}

function unit(x: Vector): number[] {
  const length = Math.sqrt(norm(x) ** 2 + 1e-12);
  return x.map(value => value / length);
}

function outer(a: Vector, b: Vector): Matrix {
  return Float64Array.from(
    { length: a.length * b.length },
    (_, i) => a[Math.floor(i / b.length)] * b[i % b.length],
  );
}

function nudged(x: Vector, by: Vector | undefined): Vector {
  return by ? add(x, by) : x;
}
