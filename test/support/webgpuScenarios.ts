import { solveChunk, writeChunk } from '../../engine/model/chunkWrite.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { readMemory } from '../../engine/model/memoryMlp.ts';
import { decodeFastState, encodeFastState } from '../../engine/session/fastStateFile.ts';
import { crossEntropy } from '../../engine/tensor/crossEntropy.ts';
import { fusedChunkWrite } from '../../engine/tensor/fusedChunk.ts';
import { gelu, geluDerivative } from '../../engine/tensor/gelu.ts';
import { layerNorm } from '../../engine/tensor/norm.ts';
import { Random } from '../../engine/tensor/random.ts';
import { readAll } from '../../engine/tensor/readBack.ts';
import { selfTest } from '../../engine/tensor/selfTest.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import { CHECKS } from '../golden/checks.ts';
import { ENGINES } from '../golden/familyEngine.ts';
import { END_OF_TEXT, type SmallShape, smallConfig, smallModels, smallText } from './smallHope.ts';
import { ticksOf, trainTicks } from './smallTraining.ts';

/** Numbers by name, as they travel between processes. */
export type Numbers = Record<string, Float32Array>;

/** Shape of a chunk write: G groups, C tokens, width D, outputs of each memory. */
export interface ChunkCase {
  readonly groups: number;
  readonly chunk: number;
  readonly width: number;
  readonly outputs: readonly number[];
  readonly ceiling: number;
  readonly rate: number;
}

/** Everything that is run on WebGPU and on a backend that it is compared with; each is the same on both. */
export const scenarios = {
  /** Values of the checks of one golden computation, in order. */
  async golden(title: string): Promise<Float32Array[]> {
    const checks = tf.tidy(() => CHECKS[title]().map(({ actual }) => tf.keep(actual.clone())));
    const values = await readAll(checks);
    tf.dispose(checks);
    return values;
  },

  /** What the engine makes of one golden computation of the family. */
  family: (title: string): Promise<Numbers> => ENGINES[title](),

  selfTest: () => selfTest(),

  /** Values and gradients of the fused operations on random inputs. */
  async kernels(rows: number, width: number): Promise<Numbers> {
    const random = new Random(11);
    const labels = Int32Array.from({ length: rows }, () => random.below(width));
    const [x, weight, bias] = [
      normal(random, [rows, width]),
      normal(random, [width]),
      normal(random, [width]),
    ];
    const upstream = normal(random, [rows, width]);
    const normed = (...at: tf.Tensor[]) =>
      layerNorm(at[0] as tf.Tensor2D, at[1] as tf.Tensor1D, at[2] as tf.Tensor1D);
    const weighted = (...at: tf.Tensor[]) => tf.sum(tf.mul(normed(...at), upstream));
    const classes = tf.tensor1d(labels, 'int32');
    const loss = (at: tf.Tensor) => tf.sum(tf.mul(crossEntropy(at as tf.Tensor2D, classes), losses));
    const losses = normal(random, [rows]);
    const ids = tf.tensor1d(labels, 'int32');
    const gathered = (table: tf.Tensor) => tf.sum(tf.mul(tf.gather(table, ids), upstream));
    const long = normal(random, [3, 2100]);
    const small = [normal(random, [rows, width]), normal(random, [rows, width])];
    const batch = [normal(random, [2, 3, 5, 4]), normal(random, [2, 3, 4, 5]), normal(random, [4, 5])];
    const result = await numbers(() => {
      const [dx, dWeight, dBias] = tf.grads(weighted)([x, weight, bias]);
      const second = tf.grad((t: tf.Tensor) => tf.sum(geluDerivative(t)));
      return {
        gelu: gelu(x),
        geluGradient: tf.grad((t: tf.Tensor) => tf.sum(gelu(t)))(x),
        geluSecond: second(x),
        geluThird: tf.grad((t: tf.Tensor) => tf.sum(second(t)))(x),
        layerNorm: normed(x, weight, bias),
        ...{ dx, dWeight, dBias },
        crossEntropy: crossEntropy(x as tf.Tensor2D, classes),
        crossEntropyGradient: tf.grad(loss)(x),
        gather: tf.grad(gathered)(tf.zeros([width + 1, width])),
        ...products(small, batch),
        longProduct: tf.matMul(long as tf.Tensor2D, long as tf.Tensor2D, false, true),
      };
    });
    tf.dispose([x, weight, bias, upstream, classes, losses, ids, long, small, batch]);
    return result;
  },

  /** The write of a chunk by the backend's kernel; by the composed operations where it has none or `fused` is false. */
  async chunkWrite(
    { groups, chunk, width, outputs, ceiling, rate }: ChunkCase,
    fused: boolean,
  ): Promise<Numbers> {
    const random = new Random(3);
    const tokens = {
      k: normal(random, [groups, chunk, width], 0.5) as tf.Tensor3D,
      v: normal(random, [groups, chunk, width], 0.5) as tf.Tensor3D,
      eta: tf.tensor2d(
        values(random, groups * chunk).map(z => 0.05 * Math.abs(z)),
        [groups, chunk],
      ),
      logAlpha: tf.tensor2d(
        values(random, groups * chunk).map(z => -0.05 * Math.abs(z)),
        [groups, chunk],
      ),
    };
    const memories = outputs.map(out => ({
      w1: normal(random, [groups, out, width], 0.5) as tf.Tensor3D,
      w2: normal(random, [groups, width, width], 0.5) as tf.Tensor3D,
    }));
    const result = await numbers(() => {
      const composed = () => {
        const solver = solveChunk({ ...tokens, eta: tf.mul(tokens.eta, rate) });
        return memories.map(memory => writeChunk(memory, solver, readMemory(memory, tokens.v).out, ceiling));
      };
      const written = (fused && fusedChunkWrite(memories, tokens, ceiling, rate)) || composed();
      const named = written.flatMap(({ weights, subtracted, surprise }, i) => [
        [`w1 of ${i}`, weights.w1],
        [`w2 of ${i}`, weights.w2],
        [`subtracted w1 of ${i}`, subtracted.w1],
        [`subtracted w2 of ${i}`, subtracted.w2],
        [`surprise of ${i}`, surprise],
      ]);
      return Object.fromEntries(named) as Record<string, tf.Tensor>;
    });
    tf.dispose([{ ...tokens }, memories]);
    return result;
  },

  /** Losses and numbers of every update of a small model's online training, and its fast weights after it. */
  async online(shape: SmallShape, tokens: number, telemetry: boolean): Promise<Numbers> {
    const { base } = smallModels(smallConfig(shape));
    const state = new FastState(base);
    const updates = await trainTicks(state, ticksOf(state, smallText(tokens)), { telemetry });
    const weights = await readAll([...state.tensors.values()]);
    const named = [...state.tensors.keys()].map((name, i) => [name, weights[i]] as const);
    state.dispose();
    base.dispose();
    return {
      ...Object.fromEntries(updates.map(({ surprise }, i) => [`losses of update ${i}`, surprise])),
      ...Object.fromEntries(updates.map(({ metrics }, i) => [`numbers of update ${i}`, metrics])),
      ...Object.fromEntries(named),
    };
  },

  /**
   * The state's file after some ticks, and what the rest of the text gives: from the state itself, and from another
   * one that read the file.
   */
  async keyframe(ticks: number): Promise<{ file: Uint8Array; again: Uint8Array; rest: Numbers[] }> {
    const { base } = smallModels(smallConfig());
    const [state, other] = [new FastState(base), new FastState(base)];
    const all = ticksOf(state, smallText(11));
    await trainTicks(state, all.slice(0, ticks), { flush: false });
    const file = await encodeFastState(state, 'model');
    decodeFastState(file, other, 'model', 'state');
    const again = await encodeFastState(other, 'model');
    const rest: Numbers[] = [];
    for (const each of [state, other]) {
      const updates = await trainTicks(each, all.slice(ticks));
      const entries = updates.flatMap(({ surprise, metrics }, i) => [
        [`losses ${i}`, surprise] as const,
        [`numbers ${i}`, metrics] as const,
      ]);
      rest.push({ ...Object.fromEntries(entries), end: floats(await encodeFastState(each, 'model')) });
      each.dispose();
    }
    base.dispose();
    return { file, again, rest };
  },

  /** Loss and gradient of two steps of pre-training, the second with memories carried on, and a held-out loss. */
  async pretraining(): Promise<Numbers> {
    const config = smallConfig({ memory: 2, projections: 4 });
    const rows = new RowGradients(config, END_OF_TEXT);
    const { base } = smallModels(config);
    const read = await readAll([...base.tensors.values()]);
    const weights = rows.layout.flatten(
      new Map([...base.tensors.keys()].map((name, i) => [name, read[i]])),
      new Float32Array(rows.layout.size),
    );
    const text = smallText(17);
    const batch = { ids: Int32Array.from(text.slice(0, 16)), targets: Int32Array.from(text.slice(1)) };
    const result: Numbers = {};
    for (const [call, reset] of [Float32Array.of(1, 1), Float32Array.of(1, 0)].entries()) {
      const gradient = new Float32Array(rows.layout.size);
      result[`loss ${call}`] = Float32Array.of(await rows.compute(weights, batch, reset, gradient));
      for (const [name, part] of rows.layout.split(gradient))
        result[`${name} in call ${call}`] = part.slice();
    }
    result['held out'] = Float32Array.of(await rows.evaluate(weights, batch, 2));
    rows.dispose();
    base.dispose();
    return result;
  },

  /** Tensors that an online training leaves behind. */
  async tensorsLeft(): Promise<number> {
    const before = tf.memory().numTensors;
    await scenarios.online({}, 12, true);
    await scenarios.kernels(3, 5);
    await scenarios.chunkWrite({ groups: 2, chunk: 3, width: 4, outputs: [4], ceiling: 1, rate: 1 }, true);
    return tf.memory().numTensors - before;
  },
};

/** Matrix products with every transposition, in batches, and with one matrix for a whole batch. */
function products([a, b]: tf.Tensor[], [left, right, one]: tf.Tensor[]): Record<string, tf.Tensor> {
  return {
    productNT: tf.matMul(a, b, false, true),
    productTN: tf.matMul(a, b, true, false),
    productTT: tf.matMul(tf.transpose(a), b, true, true),
    batchNN: tf.matMul(left, right),
    batchTT: tf.matMul(left, right, true, true),
    batchByOne: tf.matMul(left, one),
    oneByBatch: tf.matMul(one, left, true, true),
  };
}

async function numbers(compute: () => Record<string, tf.Tensor>): Promise<Numbers> {
  const tensors = tf.tidy(compute);
  const names = Object.keys(tensors);
  const read = await readAll(Object.values(tensors));
  tf.dispose(tensors);
  return Object.fromEntries(names.map((name, i) => [name, read[i].slice()]));
}

function values(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.normal());
}

function normal(random: Random, shape: number[], scale = 1): tf.Tensor {
  return tf.tensor(
    values(random, tf.util.sizeFromShape(shape)).map(z => scale * z),
    shape,
  );
}

function floats(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes);
}
