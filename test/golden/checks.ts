import { solveChunk, writeChunk } from '../../engine/model/chunkWrite.ts';
import { continuumLevel } from '../../engine/model/continuumMemory.ts';
import { localConvolution } from '../../engine/model/localConvolution.ts';
import { readMemory } from '../../engine/model/memoryMlp.ts';
import { generate, type Memories, selfModify } from '../../engine/model/selfModifyingTitans.ts';
import { deltaGradientDescent, deltaRule } from '../../engine/optimizer/deltaGradientDescent.ts';
import { sgdStep } from '../../engine/optimizer/sgd.ts';
import { l2Normalize } from '../../engine/tensor/norm.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { golden, inputs, normalised, weights } from './values.ts';

/** What the engine computes on the current backend, and what it should be. */
export interface Check {
  readonly actual: tf.Tensor;
  readonly expected: number | readonly unknown[];
  /** Where the rule is not the usual one. */
  readonly absolute?: number;
  readonly relative?: number;
}

const x = [1, -2, 0.5];
const g = [0.2, -0.1, 0.4];

function close(
  checks: Check[],
  actual: tf.Tensor,
  expected: number | readonly unknown[],
  absolute?: number,
  relative?: number,
): void {
  checks.push({ actual, expected, absolute, relative });
}

/** Every golden computation by its title; run it in a tidy. */
export const CHECKS: Readonly<Record<string, () => Check[]>> = {
  'G1: delta gradient descent, Eq. 57': () => {
    const checks: Check[] = [];
    const w = tf.tensor2d(weights(3, 3, 0.4));
    const next = deltaGradientDescent(w, tf.tensor1d(normalised(x)), tf.tensor1d(g), 0.5);
    close(checks, next, golden.G1_dgd);
    return checks;
  },

  'G2: linear memory, Eq. 93': () => {
    const checks: Check[] = [];
    const m = tf.tensor2d(weights(3, 3, 0.4));
    const k = tf.tensor1d(normalised(x));
    const read = tf.reshape<tf.Rank.R1>(tf.matMul(m, tf.reshape<tf.Rank.R2>(k, [3, 1])), [3]);
    const error = tf.sub<tf.Tensor1D>(read, tf.tensor1d([0.3, 0.1, -0.2]));
    close(checks, deltaRule(m, k, error, 0.1, 0.97), golden.G2_linear_eq93);
    return checks;
  },

  'G3: gradient of the inner loss on the memory': () => {
    const checks: Check[] = [];
    const memory = {
      w1: tf.tensor3d([weights(4, 4, 3)]),
      w2: tf.tensor3d([weights(4, 4, 4)]),
    };
    const [k, v] = [normalised(inputs(2, 4, 0)[0]), inputs(2, 4, 0)[1]];
    // One token, η = 1, α = 1: what is subtracted is the gradient, on W2 besides the erase term (W2 k) kᵀ.
    const solver = solveChunk({
      k: tf.tensor3d([[k]]),
      eta: tf.ones([1, 1]),
      logAlpha: tf.zeros([1, 1]),
    });
    const vHat = readMemory(memory, tf.tensor3d([[v]])).out;
    const { subtracted } = writeChunk(memory, solver, vHat);
    const row = tf.tensor3d([[k]]);
    const erase = tf.matMul(tf.matMul(row, memory.w2, false, true), row, true, false);
    close(checks, subtracted.w1!, golden.G3_memgrad.w1);
    close(checks, tf.sub(subtracted.w2, erase), golden.G3_memgrad.w2);
    return checks;
  },

  'G4: self-modifying Titans with two chunk sizes, Eq. 83–90': () => {
    const checks: Check[] = [];
    const expected = golden['G4_selfmod_d4_T6_Co2_Cm3_eta0.1'];
    const memory = (rows: number, s: number) => ({
      w1: tf.tensor3d([weights(rows, 4, s)]),
      w2: tf.tensor3d([weights(4, 4, s + 1)]),
    });
    const memories: Memories = {
      k: memory(4, 1),
      v: memory(4, 2),
      memory: memory(4, 3),
      eta: memory(1, 4),
      alpha: memory(1, 5),
    };
    const options = {
      memoryPeriod: 3,
      projectionsPeriod: 2,
      etaScale: 0.1,
      etaBias: 0,
      etaCeiling: 1,
      gradientCeiling: Number.POSITIVE_INFINITY,
      alphaBias: 0,
      qkNorm: true,
    };
    const kernel = tf.reshape<tf.Rank.R3>(tf.tensor2d(weights(4, 4, 0.1, 0.5)), [4, 1, 4]);
    const sequence = tf.tensor3d([inputs(6, 4, 0)]);
    const since = Int32Array.from({ length: 6 }, () => 9);
    const convolved = localConvolution(sequence, kernel, tf.zeros([1, 3, 4]), since).out;
    const wq = tf.tensor2d(weights(4, 4, 0.2, 0.6));
    const q = tf.matMul(tf.reshape<tf.Rank.R2>(convolved, [6, 4]), wq, false, true);
    const query = l2Normalize(tf.reshape<tf.Rank.R3>(q, [1, 6, 4]));
    const first = generate(memories, tf.slice(convolved, [0, 0, 0], [1, 2, 4]), options);
    close(checks, first.eta, [expected.eta.slice(0, 2)]);
    close(checks, tf.exp(first.logAlpha), [expected.alpha.slice(0, 2)]);
    close(checks, first.k, [expected.k.slice(0, 2)]);
    const { out, state } = selfModify(convolved, query, { memories }, options);
    close(checks, out, [expected.out]);
    for (const name of ['k', 'v', 'eta', 'alpha', 'memory'] as const) {
      close(checks, state.memories[name]!.w1!, [expected.final[name].w1], 1e-6, 1e-4);
      close(checks, state.memories[name]!.w2, [expected.final[name].w2], 1e-6, 1e-4);
    }
    return checks;
  },

  'G5: continuum memory level and its chunk update, Eq. 70 and 71': () => {
    const checks: Check[] = [];
    const expected = golden.G5_cms;
    const start = [
      tf.ones([4]),
      tf.zeros([4]),
      tf.tensor2d(weights(16, 4, 0.3)),
      tf.tensor1d(Array.from({ length: 16 }, (_, i) => 0.1 * Math.sin(i + 1))),
      tf.tensor2d(weights(4, 16, 0.6, 0.1)),
      tf.tensor1d(Array.from({ length: 4 }, (_, i) => 0.05 * Math.cos(i + 1))),
    ];
    const level = (theta: readonly tf.Tensor[]) =>
      continuumLevel(tf.tensor2d(inputs(4, 4, 0.2)), {
        norm: { weight: theta[0] as tf.Tensor1D, bias: theta[1] as tf.Tensor1D },
        expand: theta[2] as tf.Tensor2D,
        expandBias: theta[3] as tf.Tensor1D,
        contract: theta[4] as tf.Tensor2D,
        contractBias: theta[5] as tf.Tensor1D,
      });
    close(checks, level(start), expected.out_before);
    const delta = tf.tensor2d(weights(4, 4, 0.9, 0.05));
    const loss = (...theta: tf.Tensor[]) => tf.sum(tf.mul(level(theta), delta)) as tf.Scalar;
    const sums = tf.grads(loss)(start);
    const names = ['g', 'b', 'Wa', 'ba', 'Wb', 'bb'] as const;
    names.forEach((name, i) => {
      close(checks, sums[i], expected.grad[name]);
    });
    const after = start.map((theta, i) => sgdStep(theta, sums[i], 0.5));
    close(checks, level(after), expected.out_after);
    for (const name of ['g', 'Wa', 'ba', 'Wb', 'bb'] as const) {
      const i = names.indexOf(name);
      const rho = tf.div(tf.norm(tf.sub(after[i], start[i])), tf.norm(start[i]));
      close(checks, rho, expected.rel_update[name]);
    }
    return checks;
  },
};
