/** A small reproducible generator (sfc32), independent of the backend; its state can be saved. */
export class Random {
  private readonly state: Uint32Array;

  constructor(seed: number | readonly number[]) {
    this.state = new Uint32Array(4);
    if (typeof seed === 'number') {
      this.state.set([0x9e3779b9, 0x243f6a88, seed >>> 0, 1]);
      for (let i = 0; i < 16; i++) this.next();
    } else {
      this.state.set(seed);
    }
  }

  /** Four numbers from which `new Random(saved)` continues the sequence. */
  save(): number[] {
    return Array.from(this.state);
  }

  /** A 32-bit unsigned integer. */
  next(): number {
    const s = this.state;
    const result = (s[0] + s[1] + s[3]) >>> 0;
    s[3] += 1;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + result;
    return result;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.next() / 4294967296;
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }
}
