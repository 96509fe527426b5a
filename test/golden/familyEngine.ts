import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { headLogits, readSequence, startReading, tokenLosses } from '../../engine/model/languageModel.ts';
import { bindParameters, parameterSpecs } from '../../engine/model/parameters.ts';
import { readAll } from '../../engine/tensor/readBack.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { OnlineTrainer } from '../../engine/train/onlineTrainer.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import {
  DIFFERENTIATED,
  END_OF_TEXT,
  filled,
  HOPE_ATTENTION,
  HOPE_ATTENTION_POST,
  IDS,
  LITERAL,
  ONLINE,
  PAPER,
  RATES,
  REFERENCES,
  SIGNAL,
  TARGETS,
  TICK,
} from './family.ts';

type Computed = Record<string, Float32Array>;

/** What the engine makes of every golden computation of the family on the current backend. */
export const ENGINES: Readonly<Record<keyof typeof REFERENCES, () => Promise<Computed>>> = Object.fromEntries(
  Object.keys(REFERENCES).map((title, i) => [
    title,
    [hopeAttention, literal, outerGradients, signals, hopeAttentionPost][i],
  ]),
);

function modelOf(config: HopeConfig): BaseModel {
  const weights = [...filled(parameterSpecs(config))].map(
    ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const,
  );
  return new BaseModel(config, new Map(weights), 'golden');
}

/** Logits, losses and ∇_y of the losses at the hidden states of the whole text. */
async function readWhole(config: HopeConfig): Promise<Computed> {
  const base = modelOf(config);
  const tensors = tf.tidy(() => {
    const parameters = bindParameters(config, name => base.tensors.get(name)!);
    const start = startReading(parameters, config, 1);
    const { hidden } = readSequence(parameters, config, Int32Array.from(IDS), END_OF_TEXT, start);
    const targets = Int32Array.from(TARGETS);
    const surprise = tf.grad((y: tf.Tensor) => tf.sum(tokenLosses(parameters, y as tf.Tensor2D, targets)))(
      hidden,
    );
    return [headLogits(parameters, hidden), tokenLosses(parameters, hidden, targets), surprise];
  });
  const [logits, losses, surprise] = (await readAll(tensors)).map(values => values.slice());
  tf.dispose(tensors);
  base.dispose();
  return { logits, losses, surprise };
}

async function hopeAttention(): Promise<Computed> {
  const { logits, losses } = await readWhole(HOPE_ATTENTION);
  return { logits, losses };
}

async function hopeAttentionPost(): Promise<Computed> {
  const { logits, losses } = await readWhole(HOPE_ATTENTION_POST);
  return { logits, losses };
}

async function literal(): Promise<Computed> {
  const whole = await readWhole(LITERAL);
  const { losses, weights } = await trainOnline(LITERAL, RATES, 1);
  const after = ONLINE.map(name => [`${name} after it`, weights.get(`blocks.0.${name}`)!]);
  return { ...whole, 'losses of the online pass': losses, ...Object.fromEntries(after) };
}

async function outerGradients(): Promise<Computed> {
  const rows = new RowGradients(PAPER, END_OF_TEXT);
  const { layout } = rows;
  const start = new Map([...filled(layout.specs)].map(([name, { data }]) => [name, Float32Array.from(data)]));
  const gradient = new Float32Array(layout.size);
  const text = { ids: Int32Array.from(IDS), targets: Int32Array.from(TARGETS) };
  const flat = layout.flatten(start, new Float32Array(layout.size));
  await rows.compute(flat, text, Float32Array.of(1), gradient);
  rows.dispose();
  const named = [...layout.split(gradient)].filter(([name]) => DIFFERENTIATED.test(name));
  return Object.fromEntries(named.map(([name, part]) => [name, part.slice()]));
}

async function signals(): Promise<Computed> {
  const frozen = { memory: 0, projections: 0, 'cms.0': 0, 'cms.1': 0, 'cms.2': 0 };
  return (await trainOnline(PAPER, frozen, TICK)).signals;
}

/** Trains on the text, and looks at the sums of every level whose chunk is full. */
async function trainOnline(config: HopeConfig, learningRates: Record<string, number>, tick: number) {
  const base = modelOf(config);
  const state = new FastState(base);
  const signals: Computed = {};
  const losses: number[] = [];
  const sums: [string, tf.Tensor][] = [];
  let read = 0;
  const beforeWrites = (due: readonly string[]) => {
    for (const level of due.filter(id => id.startsWith('cms.'))) {
      const sum = state.sums.get(`blocks.0.${level}.${SIGNAL}`)!;
      sums.push([`${level} after token ${read}`, tf.keep(sum.clone())]);
    }
  };
  const trainer = new OnlineTrainer(state, END_OF_TEXT, {
    learningRates,
    flush: true,
    telemetry: false,
    beforeWrites,
  });
  for (let position = 0; position < IDS.length; position += tick) {
    read = position + tick;
    const [inputs, targets] = [IDS, TARGETS].map(all => Int32Array.from(all.slice(position, read)));
    const last = read >= IDS.length;
    losses.push(...(await trainer.step({ position, inputs, targets, last }, position / tick)).surprise);
  }
  const values = await readAll(sums.map(([, sum]) => sum));
  sums.forEach(([name], i) => {
    signals[name] = values[i].slice();
  });
  tf.dispose(sums.map(([, sum]) => sum));
  const read2 = await readAll([...state.tensors.values()]);
  const weights = new Map([...state.tensors.keys()].map((name, i) => [name, read2[i].slice()]));
  state.dispose();
  base.dispose();
  return { losses: Float32Array.from(losses), weights, signals };
}
