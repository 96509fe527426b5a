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
  mean,
  norm,
  sigmoid,
  softplus,
  type Vector,
} from './referenceMath.ts';

/** Weights by their names in `model.safetensors`. */
export type Weights = Map<string, Matrix>;

export const PROJECTIONS = ['k', 'v', 'eta', 'alpha'] as const;
export type Memory = (typeof PROJECTIONS)[number] | 'q' | 'memory';

/** What the memories of one block and head generate for a token (Eq. 84). */
export interface Generated {
  readonly k: Vector;
  readonly v: Vector;
  readonly eta: number;
  readonly alpha: number;
  /** What each memory answered, as it is. */
  readonly answers: Partial<Record<Memory, Vector>>;
}

/** Added to the output of block b's memories (place 0) and of its CMS level k (place k + 1). */
export type Nudge = (block: number, place: number) => Vector | undefined;

/** One token of one head's inner gradient on a memory, after it was clipped. */
interface InnerGradient {
  readonly w1?: Matrix;
  readonly w2: Matrix;
  readonly skip?: Matrix;
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
  /** S of every memory as the last chunk left it, and in the chunk that is open. */
  momenta: Weights = new Map();
  runningMomenta: Weights = new Map();
  /** Tokens since the last write of the memories, a level. */
  pending = { memory: 0, projections: 0 };
  /** Told what goes into the levels, and into their matrices. */
  onInput?: (name: string, x: Vector) => void;
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

  /** Logits of the next token; reads and writes as a sequence of one. */
  logitsAfter(id: number): number[] {
    const { hidden } = this.readAndWrite(id);
    return apply(this.weight('embed.weight'), hidden);
  }

  /** Reads and writes a sequence; −log p of every target, nats. */
  readSequence(ids: ArrayLike<number>, targets: ArrayLike<number>): number[] {
    return Array.from(ids, (id, t) => this.loss(this.readAndWrite(id).hidden, targets[t]));
  }

  private readAndWrite(id: number): { hidden: Vector } {
    const { hidden, memoryInputs } = this.readToken(id);
    memoryInputs.forEach((x, block) => {
      this.writeToken(block, x, 'memory');
      this.writeToken(block, x, 'projections');
    });
    if (this.memoriesOf('projections').length) {
      this.countToken('projections', this.config.titans.projections_period);
    }
    this.countToken('memory', this.config.titans.memory_period);
    return { hidden };
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
      const literal = this.config.mode === 'km';
      this.windows[block] = [...this.windows[block], literal ? x : this.norm(`${at}.norm`, x)];
      const convolved = this.convolve(block);
      memoryInputs.push(convolved);
      const read = this.queries(block, convolved).flatMap(
        (q, head) => this.readMemory(block, head, 'memory', q).out,
      );
      const seen = nudged(read, nudge?.(block, 0));
      x = literal ? seen : add(x, apply(this.weight(`${at}.selfmod.w_o.weight`), seen));
      x = this.continuum(block, x, nudge);
    }
    return { hidden: this.norm('norm', x), memoryInputs };
  }

  /** q of every head, by W_q or M_q. */
  private queries(block: number, x: Vector): Vector[] {
    const { titans } = this.config;
    const made = this.adaptive('q')
      ? this.heads(x).map((part, head) => this.readMemory(block, head, 'q', part).out)
      : this.heads(apply(this.weight(`blocks.${block}.selfmod.w_q.weight`), x));
    return titans.qk_norm ? made.map(unit) : made;
  }

  /** The levels, one after the other in their order or side by side. */
  private continuum(block: number, x: Vector, nudge?: Nudge): Vector {
    const { form, order, periods } = this.config.cms;
    const level = (y: Vector, k: number) => nudged(this.continuumLevel(block, k, y), nudge?.(block, k + 1));
    if (form === 'independent') {
      const mix = this.weight(`blocks.${block}.cms.mix.weight`);
      const each = periods.map((_, k) => level(x, k));
      return x.map((_, i) => each.reduce((sum, y, k) => sum + mix[k] * y[i], 0));
    }
    const ks = periods.map((_, k) => k);
    if (order === 'slow-first') ks.reverse();
    return ks.reduce((y, k) => level(y, k), x);
  }

  /** −log p(target) through the tied head. */
  loss(hidden: Vector, target: number): number {
    return crossEntropy(apply(this.weight('embed.weight'), hidden), target);
  }

  /** k_t, v_t, η_t, α_t of every head, each by its memory or its static projection. */
  generate(block: number, x: Vector): Generated[] {
    const { titans } = this.config;
    const statics = (name: string, head: number): number[] => {
      const all = apply(this.weight(`blocks.${block}.selfmod.w_${name}.weight`), x);
      return name === 'eta' || name === 'alpha' ? [all[head]] : [...this.heads(all)[head]];
    };
    return this.heads(x).map((part, head) => {
      const answers: Partial<Record<Memory, Vector>> = {};
      const made = (name: Memory): Vector => {
        if (!this.adaptive(name)) return statics(name, head);
        answers[name] = this.readMemory(block, head, name, part).out;
        return answers[name];
      };
      if (this.adaptive('q')) made('q');
      const k = made('k');
      const eta = softplus(mean(made('eta')) + titans.eta_bias);
      return {
        k: titans.qk_norm ? unit(k) : k,
        v: made('v'),
        eta: Math.min(titans.eta_scale * eta, titans.eta_ceiling),
        alpha: titans.retention === false ? 1 : sigmoid(mean(made('alpha')) + titans.alpha_bias),
        answers,
      };
    });
  }

  /**
   * M_t = M_{t−1} (α_t I − η_t k_t k_tᵀ) − η_t ∇ℓ(M_ξ; k_t, v̂_t) for each memory of a level (Eq. 88, 90), where the
   * right factor acts on W2 and W1 decays by α alone; with momentum S_t = β S_{t−1} − η_t ∇ℓ in place of −η_t ∇ℓ.
   * `rate` multiplies η.
   * @returns ‖∇_y ℓ‖ over the level's memories, a head
   */
  writeToken(block: number, x: Vector, level: 'memory' | 'projections', rate = 1): number[] {
    const { momentum = 0 } = this.config.titans;
    return this.generate(block, x).map((generated, head) => {
      const { eta, alpha } = generated;
      const erase = !this.sums(head) && this.config.titans.erase !== false;
      let surprise = 0;
      for (const name of this.memoriesOf(level)) {
        const { key, value } = this.taughtWith(block, head, name, generated);
        const gradient = this.innerGradient(block, head, name, key, value);
        surprise += gradient.surprise;
        this.clips[gradient.clipped ? 'yes' : 'no']++;
        const { w1, w2, skip } = this.memory(this.running, block, head, name);
        const s = this.memory(this.runningMomenta, block, head, name);
        const moved = (state: Matrix, g: Matrix, i: number) => {
          state[i] = momentum * state[i] - rate * eta * g[i];
          return state[i];
        };
        w1?.forEach((value, i) => {
          w1[i] = alpha * value + moved(s.w1!, gradient.w1!, i);
        });
        const underKey = (w: Matrix, of: Matrix, g: Matrix) => {
          const read = apply(w, key);
          w.forEach((value, i) => {
            const erased = erase ? rate * eta * read[Math.floor(i / key.length)] * key[i % key.length] : 0;
            w[i] = alpha * value - erased + moved(of, g, i);
          });
        };
        underKey(w2, s.w2, gradient.w2);
        if (skip) underKey(skip, s.skip!, gradient.skip!);
      }
      return Math.sqrt(surprise);
    });
  }

  /** Key and target of a write: k and M(v) (Eq. 85); with shared values what the memory answered, and v (Eq. 80). */
  private taughtWith(block: number, head: number, name: Memory, { k, v, answers }: Generated) {
    const { values, qk_norm } = this.config.titans;
    if (values !== 'shared') return { key: k, value: this.readMemory(block, head, name, v).out };
    if (name === 'memory' || name === 'k') return { key: k, value: v };
    return { key: qk_norm ? unit(answers[name]!) : answers[name]!, value: v };
  }

  /** M_ξ ← M_t: the end of a chunk. */
  closeChunk(level: 'memory' | 'projections'): void {
    for (const [name, w] of this.running) if (levelOf(name) === level) this.weights.set(name, w);
    for (const [name, w] of this.runningMomenta) if (levelOf(name) === level) this.momenta.set(name, w);
    this.openChunk(level);
  }

  /** Forgets what was written in a chunk that is still open. */
  openChunk(level: 'memory' | 'projections'): void {
    this.pending[level] = 0;
    for (const [name, w] of this.weights) {
      if (levelOf(name) !== level) continue;
      this.running.set(name, w.slice());
      this.runningMomenta.set(name, this.momenta.get(name)?.slice() ?? new Float64Array(w.length));
    }
  }

  private countToken(level: 'memory' | 'projections', period: number): void {
    this.pending[level]++;
    if (this.pending[level] === period) this.closeChunk(level);
  }

  /** ∇ℓ(M_ξ; k, v̂) with v̂ constant, no longer than the ceiling; ℓ is ‖M(k) − v̂‖², half of it, or −⟨M(k), v̂⟩. */
  private innerGradient(block: number, head: number, name: Memory, k: Vector, vHat: Vector): InnerGradient {
    const { gradient_ceiling } = this.config.titans;
    const objective = this.sums(head) ? 'dot-product' : (this.config.titans.objective ?? 'l2');
    const { pre, hidden, out } = this.readMemory(block, head, name, k);
    const factor = objective === 'l2' ? 2 : 1;
    const error = out.map((y, i) => (objective === 'dot-product' ? -vHat[i] : factor * (y - vHat[i])));
    const { w1, skip } = this.memory(this.weights, block, head, name);
    const delta = w1 ? applyTransposed(w1, error).map((value, i) => value * geluDerivative(pre[i])) : error;
    const gradient = {
      ...(w1 && { w1: outer(error, hidden) }),
      w2: outer(delta, k),
      ...(skip && { skip: outer(error, k) }),
    };
    const length = Math.hypot(norm(gradient.w1 ?? []), norm(gradient.w2), norm(gradient.skip ?? []));
    const scale = Math.min(1, gradient_ceiling / length);
    return {
      w1: gradient.w1?.map(value => scale * value),
      w2: gradient.w2.map(value => scale * value),
      skip: gradient.skip?.map(value => scale * value),
      surprise: norm(error) ** 2,
      clipped: scale < 1,
    };
  }

  /** M□(z) = z + W1 σ(W2 z) (Eq. 89), or W2 z; one output has no identity. */
  private readMemory(block: number, head: number, name: Memory, z: Vector) {
    const { w1, w2, skip } = this.memory(this.weights, block, head, name);
    const pre = apply(w2, z);
    const hidden = pre.map(gelu);
    if (!w1) return { pre, hidden, out: pre };
    const mapped = apply(w1, hidden);
    const out = mapped.length === z.length ? add(z, mapped) : mapped;
    return { pre, hidden, out: skip ? add(out, apply(skip, z)) : out };
  }

  private memory(
    weights: Weights,
    block: number,
    head: number,
    name: Memory,
  ): { w1: Matrix | undefined; w2: Matrix; skip: Matrix | undefined } {
    const { heads } = this.config;
    const part = (w: Matrix) => w.subarray((head * w.length) / heads, ((head + 1) * w.length) / heads);
    const at = `blocks.${block}.selfmod.m_${name}`;
    const w1 = weights.get(`${at}.w1`);
    const skip = weights.get(`${at}.skip`);
    return { w1: w1 && part(w1), w2: part(weights.get(`${at}.w2`)!), skip: skip && part(skip) };
  }

  /** Whether a head is one of the last, which only sum up. */
  private sums(head: number): boolean {
    const { titans, heads } = this.config;
    return head >= heads - (titans.summing_heads ?? 0);
  }

  private adaptive(name: Memory): boolean {
    const { adaptive = PROJECTIONS } = this.config.titans;
    return name === 'memory' || (adaptive as readonly Memory[]).includes(name);
  }

  private memoriesOf(level: 'memory' | 'projections'): readonly Memory[] {
    if (level === 'memory') return ['memory'];
    return ([...PROJECTIONS, 'q'] as const).filter(name => this.adaptive(name));
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
    this.onInput?.(at, x);
    const normed = this.norm(`${at}.norm`, x);
    this.onInput?.(`${at}.expand.weight`, normed);
    const hidden = add(apply(this.weight(`${at}.expand.weight`), normed), bias('expand')).map(gelu);
    this.onInput?.(`${at}.contract.weight`, hidden);
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
