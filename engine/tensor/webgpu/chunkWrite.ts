import type { KernelConfig, TensorInfo } from '#tfjs';
import { normalDistribution } from './gelu.ts';
import type { HostBackend } from './hostBackend.ts';
import { pack, unpack } from './packing.ts';
import { dispatch, type Program, sizeOf } from './program.ts';

/**
 * The write of a chunk (engine/model/chunkWrite.ts) to M memories of G groups with C tokens of width D: a workgroup a
 * memory and group, which keeps what it computes on the way behind the results. Forward substitution takes the place
 * of the inverse: row t of u needs the rows before it in the same column only, so a thread solves its columns alone.
 * `widths` are the outputs O of each memory; `weights` holds W1 [G, O, D] and W2 [G, D, D] memory by memory, `packed`
 * the new W1 and W2, what was subtracted from both, and ∇ ℓ [G, C, O].
 */
const program: Program = {
  name: 'HopeChunkWrite',
  outputs: ['packed'],
  inputs: ['weights', 'k', 'v', 'eta', 'logAlpha'],
  integers: ['groups', 'chunk', 'width', 'width0', 'width1', 'width2', 'width3', 'workAt'],
  reals: ['ceiling', 'rate'],
  threads: 64,
  functions: `
${normalDistribution}
fn outputWidth(memory: u32) -> u32 {
  switch (memory) {
    case 0u: { return uniforms.width0; }
    case 1u: { return uniforms.width1; }
    case 2u: { return uniforms.width2; }
    default: { return uniforms.width3; }
  }
}`,
  body: `
    let C = uniforms.chunk;
    let D = uniforms.width;
    let G = uniforms.groups;
    let memory = group / G;
    let g = group % G;
    let O = outputWidth(memory);
    let token0 = g * C;
    let key0 = g * C * D;

    // Where the memory's weights and results begin.
    var weightsAt = 0u;
    var resultsAt = 0u;
    for (var m = 0u; m < memory; m++) {
      let size = G * (outputWidth(m) * D + D * D);
      weightsAt += size;
      resultsAt += 2u * size + G * C * outputWidth(m);
    }
    let w1 = weightsAt + g * O * D;
    let w2 = weightsAt + G * O * D + g * D * D;
    let new1 = resultsAt + g * O * D;
    let new2 = resultsAt + G * O * D + g * D * D;
    let taken1 = new1 + G * (O * D + D * D);
    let taken2 = new2 + G * (O * D + D * D);
    let surprise = resultsAt + 2u * G * (O * D + D * D) + g * C * O;

    // Working memory of this workgroup.
    let pre = uniforms.workAt + group * (5u * C * D + C * C + 2u * C);
    let hidden = pre + C * D;
    let wish = hidden + C * D;
    let delta = wish + C * D;
    let u = delta + C * D;
    let overlap = u + C * D;
    let logA = overlap + C * C;
    let scale = logA + C;

    // W2 k, σ(W2 k) and σ(W2 v).
    for (var at = thread; at < C * D; at += threads) {
      let t = at / D;
      let i = at % D;
      var fromKey = 0.0;
      var fromValue = 0.0;
      for (var j = 0u; j < D; j++) {
        let w = weights[w2 + i * D + j];
        fromKey += k[key0 + t * D + j] * w;
        fromValue += v[key0 + t * D + j] * w;
      }
      packed[pre + at] = fromKey;
      packed[hidden + at] = gelu(fromKey);
      packed[wish + at] = gelu(fromValue);
    }
    if (thread == 0u) {
      var sum = 0.0;
      for (var t = 0u; t < C; t++) {
        sum += logAlpha[token0 + t];
        packed[logA + t] = sum;
      }
    }
    storageBarrier();

    // ∇_y ℓ = 2 (M(k) − M(v)).
    for (var at = thread; at < C * O; at += threads) {
      let t = at / O;
      let o = at % O;
      var read = 0.0;
      var wanted = 0.0;
      for (var i = 0u; i < D; i++) {
        let w = weights[w1 + o * D + i];
        read += packed[hidden + t * D + i] * w;
        wanted += packed[wish + t * D + i] * w;
      }
      if (O == D) {
        read += k[key0 + at];
        wanted += v[key0 + at];
      }
      packed[surprise + at] = 2.0 * (read - wanted);
    }
    // (A_{t−1} / A_s) (k_s · k_t) for s < t; the triangle's other half is never read.
    for (var at = thread; at < C * C; at += threads) {
      let t = at / C;
      let s = at % C;
      if (s < t) {
        var product = 0.0;
        for (var j = 0u; j < D; j++) { product += k[key0 + s * D + j] * k[key0 + t * D + j]; }
        packed[overlap + at] = product * exp(min(packed[logA + t - 1u] - packed[logA + s], 0.0));
      }
    }
    storageBarrier();

    // δ = W1ᵀ e · σ′(W2 k).
    for (var at = thread; at < C * D; at += threads) {
      let t = at / D;
      let i = at % D;
      var back = 0.0;
      for (var o = 0u; o < O; o++) { back += packed[surprise + t * O + o] * weights[w1 + o * D + i]; }
      packed[delta + at] = back * geluDerivative(packed[pre + at]);
    }
    storageBarrier();

    // min(1, ceiling / ‖(e hᵀ, δ kᵀ)‖) a token; a ceiling of 0 is none.
    for (var t = thread; t < C; t += threads) {
      var errors = 0.0;
      var hiddens = 0.0;
      var deltas = 0.0;
      var keys = 0.0;
      for (var o = 0u; o < O; o++) { let x = packed[surprise + t * O + o]; errors += x * x; }
      for (var i = 0u; i < D; i++) {
        let h = packed[hidden + t * D + i];
        let d = packed[delta + t * D + i];
        let x = k[key0 + t * D + i];
        hiddens += h * h;
        deltas += d * d;
        keys += x * x;
      }
      let clipped = min(1.0, uniforms.ceiling * inverseSqrt(errors * hiddens + deltas * keys + 1e-12));
      packed[scale + t] = select(clipped, 1.0, uniforms.ceiling == 0.0);
    }
    storageBarrier();

    // u_t = η_t (A_{t−1} W2 k_t + δ_t − Σ_{s<t} overlap_ts u_s).
    for (var i = thread; i < D; i += threads) {
      for (var t = 0u; t < C; t++) {
        var before = 1.0;
        if (t > 0u) { before = exp(packed[logA + t - 1u]); }
        var sum = before * packed[pre + t * D + i] + packed[scale + t] * packed[delta + t * D + i];
        for (var s = 0u; s < t; s++) { sum -= packed[overlap + t * C + s] * packed[u + s * D + i]; }
        packed[u + t * D + i] = uniforms.rate * eta[token0 + t] * sum;
      }
    }
    storageBarrier();

    let end = packed[logA + C - 1u];
    for (var at = thread; at < O * D; at += threads) {
      let o = at / D;
      let i = at % D;
      var sum = 0.0;
      for (var t = 0u; t < C; t++) {
        let after = exp(end - packed[logA + t]) * uniforms.rate * eta[token0 + t] * packed[scale + t];
        sum += after * packed[surprise + t * O + o] * packed[hidden + t * D + i];
      }
      packed[taken1 + at] = sum;
      packed[new1 + at] = exp(end) * weights[w1 + at] - sum;
    }
    for (var at = thread; at < D * D; at += threads) {
      let i = at / D;
      let j = at % D;
      var sum = 0.0;
      for (var t = 0u; t < C; t++) {
        sum += exp(end - packed[logA + t]) * packed[u + t * D + i] * k[key0 + t * D + j];
      }
      packed[taken2 + at] = sum;
      packed[new2 + at] = exp(end) * weights[w2 + at] - sum;
    }`,
};

/** The whole write of a chunk in one dispatch; inputs and outputs as engine/tensor/fusedChunk.ts names them. */
export function chunkWriteKernel(): KernelConfig {
  return {
    kernelName: program.name,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, attrs, backend: any }) => {
      const backend = any as HostBackend;
      const { k, v, eta, logAlpha, ...memories } = inputs as Record<string, TensorInfo>;
      const { gradientCeiling, rate } = attrs as unknown as { gradientCeiling: number; rate: number };
      const [groups, chunk, width] = k.shape;
      const weights = Object.values(memories);
      const shapes = weights.flatMap((w1, i) => {
        if (i % 2) return [];
        const { shape } = weights[i + 1];
        return [w1.shape, shape, w1.shape, shape, [groups, chunk, w1.shape[1]]];
      });
      const workAt = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
      const count = weights.length / 2;
      const work = count * groups * (5 * chunk * width + chunk * chunk + 2 * chunk);
      const packedWeights = pack(backend, weights);
      const widthOf = (i: number) => weights[2 * i]?.shape[1] ?? 0;
      const [packed] = dispatch(backend, program, {
        outputs: [{ shape: [workAt + work] }],
        inputs: [packedWeights, k, v, eta, logAlpha],
        uniforms: {
          ...{ groups, chunk, width, workAt, rate },
          ...{ width0: widthOf(0), width1: widthOf(1), width2: widthOf(2), width3: widthOf(3) },
          ceiling: Number.isFinite(gradientCeiling) ? gradientCeiling : 0,
        },
        workgroups: count * groups,
      });
      const results = unpack(backend, packed, shapes);
      for (const { dataId } of [packedWeights, packed]) backend.disposeData(dataId);
      return results;
    },
  };
}
