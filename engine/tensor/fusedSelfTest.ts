import { fusedContinuum } from './continuum.ts';
import { fusedChunk, hasFusedChunk } from './memoryChunk.ts';
import { layerNorm } from './norm.ts';
import type { Random } from './random.ts';
import { compare, normalDistribution, values } from './selfTestPlain.ts';
import { tf } from './tf.ts';

type Matrix = number[][];

const EPSILON = 1e-5;
const CEILING = 0.6;
const [GROUPS, TOKENS, WIDTH] = [2, 5, 6];
const HIDDEN = 10;

const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, each, i) => sum + each * y[i], 0);
const times = (w: Matrix, x: readonly number[]) => w.map(row => dot(row, x));
const plus = (x: readonly number[], y: readonly number[]) => x.map((each, i) => each + y[i]);
const activity = (x: readonly number[]) => x.map(each => each * normalDistribution(each));
const slope = (x: number) => normalDistribution(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);

function matrix(flat: Float32Array, columns: number): Matrix {
  return Array.from({ length: flat.length / columns }, (_, r) => [
    ...flat.subarray(r * columns, (r + 1) * columns),
  ]);
}

function normed(x: readonly number[], weight: readonly number[], bias: readonly number[]): number[] {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / x.length;
  return x.map((each, i) => ((each - mean) / Math.sqrt(variance + EPSILON)) * weight[i] + bias[i]);
}

const answer = (w1: Matrix, w2: Matrix, z: readonly number[]) => plus(z, times(w1, activity(times(w2, z))));

/** Token by token: W1 ← α W1 − η s e hᵀ, W2 ← α W2 − η (W2 k + s δ) kᵀ, (e, δ, s) at the weights of the start. */
function writtenByToken(w1: Matrix, w2: Matrix, keys: Matrix, targets: Matrix, eta: number[], log: number[]) {
  let [after1, after2] = [w1, w2];
  keys.forEach((k, t) => {
    const pre = times(w2, k);
    const hidden = activity(pre);
    const vHat = answer(w1, w2, targets[t]);
    const error = answer(w1, w2, k).map((y, i) => 2 * (y - vHat[i]));
    const delta = pre.map((x, j) => error.reduce((sum, e, i) => sum + e * w1[i][j], 0) * slope(x));
    const length = Math.sqrt(dot(error, error) * dot(hidden, hidden) + dot(delta, delta) * dot(k, k));
    const scale = Math.min(1, CEILING / length);
    const erase = times(after2, k);
    const alpha = Math.exp(log[t]);
    after1 = after1.map((row, i) => row.map((w, j) => alpha * w - eta[t] * scale * error[i] * hidden[j]));
    after2 = after2.map((row, j) =>
      row.map((w, i) => alpha * w - eta[t] * (erase[j] + scale * delta[j]) * k[i]),
    );
  });
  return { w1: after1, w2: after2 };
}

async function testLayers(random: Random): Promise<void> {
  const x = values(random, TOKENS * WIDTH);
  const [weight, bias, contractBias] = [0, 1, 2].map(() => values(random, WIDTH));
  const expandBias = values(random, HIDDEN);
  const [expand, contract] = [0, 1].map(() => values(random, WIDTH * HIDDEN).map(each => each / 8));
  const results = tf.tidy(() => {
    const rows = tf.tensor2d(x.slice(), [TOKENS, WIDTH]);
    const norm = { weight: tf.tensor1d(weight.slice()), bias: tf.tensor1d(bias.slice()) };
    const level = fusedContinuum(rows, {
      ...norm,
      expand: tf.tensor2d(expand.slice(), [HIDDEN, WIDTH]),
      expandBias: tf.tensor1d(expandBias.slice()),
      contract: tf.tensor2d(contract.slice(), [WIDTH, HIDDEN]),
      contractBias: tf.tensor1d(contractBias.slice()),
    });
    return { norm: layerNorm(rows, norm.weight, norm.bias), ...(level && { level }) };
  });
  const plain = matrix(x, WIDTH).map(row => normed(row, [...weight], [...bias]));
  try {
    compare('layer norm', await results.norm.data(), plain.flat());
    if (!results.level) return;
    const level = matrix(x, WIDTH).map((row, i) => {
      const hidden = activity(plus(times(matrix(expand, WIDTH), plain[i]), [...expandBias]));
      return plus(row, plus(times(matrix(contract, HIDDEN), hidden), [...contractBias]));
    });
    compare('continuum level', await results.level.data(), level.flat());
  } finally {
    tf.dispose(results);
  }
}

async function testChunk(random: Random): Promise<void> {
  if (!hasFusedChunk()) return;
  const tokens = () => values(random, GROUPS * TOKENS * WIDTH).map(each => each / 3);
  const [k, v, q] = [tokens(), tokens(), tokens()];
  const eta = values(random, GROUPS * TOKENS).map(each => (each + 2) / 10);
  const logAlpha = values(random, GROUPS * TOKENS).map(each => -(each + 2) / 10);
  const [w1, w2] = [0, 1].map(() => values(random, GROUPS * WIDTH * WIDTH).map(each => each / 3));
  const written = tf.tidy(() => {
    const shaped = (x: Float32Array) => tf.tensor3d(x.slice(), [GROUPS, TOKENS, WIDTH]);
    const gates = (x: Float32Array) => tf.tensor2d(x.slice(), [GROUPS, TOKENS]);
    const weights = (x: Float32Array) => tf.tensor3d(x.slice(), [GROUPS, WIDTH, WIDTH]);
    const [{ weights: after, read }] = fusedChunk(
      { k: shaped(k), v: shaped(v), q: shaped(q), eta: gates(eta), logAlpha: gates(logAlpha) },
      [{ w1: weights(w1), w2: weights(w2) }],
      { ceiling: CEILING, dotProduct: false, subtracted: false },
    );
    return { w1: after.w1, w2: after.w2, read: read! };
  });
  const part = (x: Float32Array, group: number) =>
    x.subarray((group * x.length) / GROUPS, ((group + 1) * x.length) / GROUPS);
  const plain = Array.from({ length: GROUPS }, (_, group) => {
    const [from1, from2, keys, targets, queries] = [w1, w2, k, v, q].map(x => matrix(part(x, group), WIDTH));
    const after = writtenByToken(
      from1,
      from2,
      keys,
      targets,
      [...part(eta, group)],
      [...part(logAlpha, group)],
    );
    return { ...after, read: queries.map(query => answer(from1, from2, query)) };
  });
  try {
    for (const name of ['w1', 'w2', 'read'] as const) {
      const expected = plain.flatMap(group => group[name].flat());
      compare(`chunk of a memory (${name})`, await written[name].data(), expected);
    }
  } finally {
    tf.dispose(written);
  }
}

/** Compares layer norm, a continuum level and the write of a chunk with plain loops, where the backend has them. */
export async function fusedSelfTest(random: Random): Promise<void> {
  await testLayers(random);
  await testChunk(random);
}
