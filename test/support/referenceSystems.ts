/** The compared systems in plain float64 loops, one token after the other over one document's growing state. */
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import type { Weights } from './reference.ts';
import {
  add,
  apply,
  crossEntropy,
  gelu,
  layerNorm,
  type Matrix,
  norm,
  sigmoid,
  type Vector,
} from './referenceMath.ts';

/** What one block and head looks back on, of the document that is being read. */
interface Head {
  keys: Vector[];
  values: Vector[];
  /** M, [D, D] as rows. */
  m: number[][];
}

/** GELU by the hyperbolic tangent, as GPT-2 has it. */
const tanhGelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const silu = (x: number) => x * sigmoid(x);
const unit = (x: Vector) => x.map(value => value / Math.sqrt(norm(x) ** 2 + 1e-12));
const dot = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i], 0);

export class ReferenceSystem {
  private state: Head[][] = [];
  private windows: Vector[][] = [];
  private position = 0;

  constructor(
    private readonly config: HopeConfig,
    readonly weights: Weights,
    private readonly endOfText: number,
  ) {
    this.restart();
  }

  /** −log p of every target, nats. */
  read(ids: ArrayLike<number>, targets: ArrayLike<number>): number[] {
    return Array.from(ids, (id, t) => crossEntropy(this.logits(id), targets[t]));
  }

  private restart(): void {
    const { blocks, heads, width } = this.config;
    const inner = width / heads;
    const head = (): Head => ({
      keys: [],
      values: [],
      m: Array.from({ length: inner }, () => new Array(inner).fill(0)),
    });
    this.state = Array.from({ length: blocks }, () => Array.from({ length: heads }, head));
    this.windows = Array.from({ length: blocks }, () => []);
    this.position = 0;
  }

  /** Logits of the token after this one. */
  logits(id: number): Vector {
    const { width, blocks, transformer, system } = this.config;
    if (id === this.endOfText || (system === 'gpt-2' && this.position === transformer?.positions))
      this.restart();
    const embed = this.weight('embed');
    const row = (of: Matrix, at: number): Vector => Array.from(of.subarray(at * width, (at + 1) * width));
    let x = row(embed, id);
    if (system === 'gpt-2') x = add(x, row(this.weight('positions'), this.position));
    for (let block = 0; block < blocks; block++) {
      const post = this.config.norm === 'post';
      const norm = (of: Vector) => this.normed(`blocks.${block}.norm`, of);
      const seen = this.look(block, post ? x : norm(x));
      const after = add(x, this.projected(`blocks.${block}.mixer.w_o`, this.mix(block, seen)));
      x = post ? norm(after) : after;
      for (let k = 0; k < this.config.cms.periods.length; k++) x = this.feedForward(block, k, x);
    }
    this.position++;
    return apply(this.weights.get('lm_head.weight') ?? embed, this.normed('norm', x));
  }

  /** The convolution, where there is one. */
  private look(block: number, x: Vector): Vector {
    const name = `blocks.${block}.mixer.local_conv.weight`;
    const weight = this.weights.get(name);
    if (!weight) return x;
    const taps = this.config.convolution;
    const window = this.windows[block];
    window.push(x);
    return x.map((_, channel) => {
      let sum = 0;
      for (let back = 0; back < Math.min(taps, window.length); back++) {
        sum += weight[channel * taps + taps - 1 - back] * window[window.length - 1 - back][channel];
      }
      return sum;
    });
  }

  private mix(block: number, x: Vector): Vector {
    const { heads, width, system } = this.config;
    if (system === 'lstm') return this.cell(block, x);
    const inner = width / heads;
    const at = (name: string) => this.weight(`blocks.${block}.mixer.${name}`);
    const [q, k, v] = ['w_q', 'w_k', 'w_v'].map(name => this.projected(`blocks.${block}.mixer.${name}`, x));
    const shared = heads / (this.config.transformer?.key_heads ?? heads);
    const part = (y: Vector, h: number) => y.slice(h * inner, (h + 1) * inner);
    const out = this.state[block].flatMap((state, h) => {
      const other = Math.floor(h / shared);
      const [qh, kh, vh] = [part(q, h), part(k, other), part(v, other)];
      switch (system) {
        case 'gpt-2':
          return this.attend(state, qh, kh, vh, 1 / Math.sqrt(inner));
        case 'llama':
        case 'transformer':
          return this.attend(state, this.turned(qh), this.turned(kh), vh, 1 / Math.sqrt(inner));
        case 'hope-attention':
          return this.attendByScores(state, qh, kh, vh);
        case 'linear-attention':
          return this.rootNormed(at('head_norm'), recur(state, unit(qh), unit(kh), vh, 1));
        case 'retnet': {
          const query = this.turned(qh).map(value => value / Math.sqrt(inner));
          const read = recur(state, query, this.turned(kh), vh, 1 - 2 ** (-5 - h));
          return this.rootNormed(at('head_norm'), read);
        }
        case 'deltanet': {
          const key = unit(kh.map(silu));
          const beta = sigmoid(apply(at('w_beta'), x)[h]);
          const wanted = vh.map(silu).map((value, i) => beta * (value - dot(state.m[i], key)));
          return this.rootNormed(at('head_norm'), recur(state, unit(qh.map(silu)), key, wanted, 1));
        }
        default:
          throw new Error(`no reference of ${system}`);
      }
    });
    return system === 'retnet' ? apply(at('w_g'), x).map((gate, i) => silu(gate) * out[i]) : out;
  }

  private cell(block: number, x: Vector): Vector {
    const at = (name: string) => this.weight(`blocks.${block}.mixer.${name}`);
    const [state] = this.state[block];
    const width = x.length;
    const [h, c] = state.keys.length ? state.keys : [x.map(() => 0), x.map(() => 0)];
    const all = add(apply(at('w_x'), x), apply(at('w_h'), h));
    const gate = (k: number, i: number) => all[k * width + i];
    const next = c.map((old, i) => {
      const forget = sigmoid(gate(1, i) + at('forget')[i]);
      return forget * old + sigmoid(gate(0, i)) * Math.tanh(gate(3, i));
    });
    const out = next.map((value, i) => sigmoid(gate(2, i)) * Math.tanh(value));
    state.keys = [out, next];
    return out;
  }

  private attendByScores(state: Head, q: Vector, k: Vector, v: Vector): Vector {
    const { scores = 'sharpened' } = this.config;
    const [query, key] = scores === 'plain' ? [q, k] : [unit(q), unit(k)];
    const root = Math.sqrt(q.length);
    return this.attend(state, query, key, v, scores === 'sharpened' ? root : 1 / root);
  }

  private attend(state: Head, q: Vector, k: Vector, v: Vector, sharpness: number): Vector {
    const { window = 1024 } = this.config;
    state.keys.push(k);
    state.values.push(v);
    const from = Math.max(0, state.keys.length - window);
    const scores = state.keys.slice(from).map(key => Math.exp(sharpness * dot(q, key)));
    const total = scores.reduce((a, b) => a + b, 0);
    return v.map((_, i) => scores.reduce((sum, s, t) => sum + (s / total) * state.values[from + t][i], 0));
  }

  /** Channel pairs (i, i + D/2) turned by the position in the document. */
  private turned(x: Vector): Vector {
    const half = x.length / 2;
    return x.map((_, j) => {
      const i = j % half;
      const angle = this.position * (this.config.transformer?.rotary_base ?? 10_000) ** (-i / half);
      const [a, b] = [x[i], x[i + half]];
      return j < half ? a * Math.cos(angle) - b * Math.sin(angle) : b * Math.cos(angle) + a * Math.sin(angle);
    });
  }

  private feedForward(block: number, k: number, x: Vector): Vector {
    const at = `blocks.${block}.cms.${k}`;
    const normed = this.normed(`${at}.norm`, x);
    const gate = this.weights.get(`${at}.gate.weight`);
    const expanded = apply(this.weight(`${at}.expand`), normed);
    if (gate) {
      const open = apply(gate, normed).map(silu);
      return add(
        x,
        apply(
          this.weight(`${at}.contract`),
          expanded.map((value, i) => value * open[i]),
        ),
      );
    }
    const bias = (part: string) => Array.from(this.weights.get(`${at}.${part}.bias`)!);
    const hidden = add(expanded, bias('expand')).map(this.config.system === 'gpt-2' ? tanhGelu : gelu);
    return add(x, add(apply(this.weight(`${at}.contract`), hidden), bias('contract')));
  }

  private normed(name: string, x: Vector): Vector {
    const bias = this.weights.get(`${name}.bias`);
    return bias ? layerNorm(x, this.weight(name), bias, this.epsilon) : this.rootNormed(this.weight(name), x);
  }

  private rootNormed(weight: Matrix, x: Vector): Vector {
    const size = Math.sqrt(norm(x) ** 2 / x.length + this.epsilon);
    return x.map((value, i) => (value / size) * weight[i]);
  }

  private get epsilon(): number {
    return this.config.transformer?.epsilon ?? 1e-5;
  }

  /** W x + b, where there is a bias. */
  private projected(name: string, x: Vector): Vector {
    const bias = this.weights.get(`${name}.bias`);
    const made = apply(this.weight(name), x);
    return bias ? add(made, Array.from(bias)) : made;
  }

  private weight(name: string): Matrix {
    return this.weights.get(`${name}.weight`)!;
  }
}

/** M ← decay · M + v kᵀ; M q. */
function recur({ m }: Head, q: Vector, k: Vector, v: Vector, decay: number): Vector {
  m.forEach((row, i) => {
    row.forEach((value, j) => {
      row[j] = decay * value + v[i] * k[j];
    });
  });
  return m.map(row => dot(row, q));
}
