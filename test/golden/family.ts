import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { Reference, type Weights } from '../support/reference.ts';
import { crossEntropy, type Vector } from '../support/referenceMath.ts';
import { ReferenceSystem } from '../support/referenceSystems.ts';
import { difference, ReferenceTrainer } from '../support/referenceTrainer.ts';
import { weights } from './values.ts';

export const END_OF_TEXT = 0;

const base = {
  model_type: 'hope',
  format: 1,
  name: 'golden',
  vocabulary: 11,
  width: 8,
  blocks: 1,
  convolution: 4,
  learning_rates: {},
} as const;

const titans: HopeConfig['titans'] = {
  memory_period: 4,
  projections_period: 2,
  eta_scale: 0.1,
  eta_bias: 0,
  eta_ceiling: 1,
  gradient_ceiling: 1e6,
  alpha_bias: 0,
  qk_norm: true,
};

/** G7: softmax attention and one level. */
export const HOPE_ATTENTION: HopeConfig = {
  ...base,
  system: 'hope-attention',
  heads: 2,
  titans,
  cms: { periods: [4], hidden_multiplier: 4 },
};

/** G7 with the norm of the public re-implementation, after the residual. */
export const HOPE_ATTENTION_POST: HopeConfig = { ...HOPE_ATTENTION, norm: 'post' };

/** G8: the letter of the paper as the public re-implementation reads it, 1864 parameters (its unused M_q has 128). */
export const LITERAL: HopeConfig = {
  ...base,
  mode: 'km',
  heads: 1,
  titans,
  cms: { periods: [1, 4], hidden_multiplier: 4 },
};

/** G9, G10: two heads, the gates wide open. */
export const PAPER: HopeConfig = {
  ...base,
  heads: 2,
  titans: { ...titans, eta_scale: 1, eta_bias: -2, eta_ceiling: 0.3, alpha_bias: 2, memory_period: 2 },
  cms: { periods: [2, 4, 8], hidden_multiplier: 1 },
};

/** Token ids of eight tokens, each predicting the next. */
export const IDS = [0, 3, 7, 1, 9, 3, 7, 2];
export const TARGETS = [3, 7, 1, 9, 3, 7, 2, 5];

/** Tensors by name, filled without a generator: tensor i is W(rows, columns, 0.37 i), norms are 1 more. */
export function filled(
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Map<string, { shape: readonly number[]; data: Float64Array }> {
  return new Map(
    specs.map(({ name, shape }, i) => {
      const columns = shape.at(-1)!;
      const rows = shape.reduce((product, extent) => product * extent, 1) / columns;
      const more = /norm\.weight$/.test(name) ? 1 : 0;
      const values = weights(rows, columns, 0.37 * i).flat();
      // As float32 holds them, so that both sides start from the same numbers.
      return [name, { shape, data: Float64Array.from(values, value => Math.fround(value + more)) }];
    }),
  );
}

export type Numbers = Record<string, readonly number[]>;

/** Every golden computation of the family by the slow references. @param theta weights by name */
export const REFERENCES: Readonly<Record<string, { config: HopeConfig; compute(theta: Weights): Numbers }>> =
  {
    'G7: Hope-Attention, logits and losses': {
      config: HOPE_ATTENTION,
      compute: theta => readBySystem(HOPE_ATTENTION, theta),
    },
    'G8: the whole model to the letter, logits, losses and surprise, and what one online pass leaves': {
      config: LITERAL,
      compute(theta) {
        const model = new Reference(LITERAL, copied(theta), END_OF_TEXT);
        const logits = IDS.map(id => model.logitsAfter(id));
        const surprise = logits.flatMap((row, t) =>
          headSurprise(row, TARGETS[t], theta.get('embed.weight')!),
        );
        const trainer = new ReferenceTrainer(new Reference(LITERAL, copied(theta), END_OF_TEXT), RATES);
        const losses = IDS.flatMap((id, t) => trainer.step([id], [TARGETS[t]], t === IDS.length - 1).losses);
        const after = (name: string) => [...trainer.model.weights.get(`blocks.0.${name}`)!];
        return {
          logits: logits.flat(),
          losses: logits.map((row, t) => crossEntropy(row, TARGETS[t])),
          surprise,
          'losses of the online pass': losses,
          ...Object.fromEntries(ONLINE.map(name => [`${name} after it`, after(name)])),
        };
      },
    },
    'G9: the outer gradient through the writes, of every initial state and of what they are read by': {
      config: PAPER,
      compute(theta) {
        const names = [...theta.keys()].filter(name => DIFFERENTIATED.test(name));
        return Object.fromEntries(names.map(name => [name, gradientOf(theta, name)]));
      },
    },
    'G10: every level gets the signals of its own tokens, periods 2, 4 and 8': {
      config: PAPER,
      compute: theta => signalsOf(PAPER, theta),
    },
    'G7: Hope-Attention with the norm after the residual, logits and losses': {
      config: HOPE_ATTENTION_POST,
      compute: theta => readBySystem(HOPE_ATTENTION_POST, theta),
    },
  };

function readBySystem(config: HopeConfig, theta: Weights): Numbers {
  const model = new ReferenceSystem(config, theta, END_OF_TEXT);
  const logits = IDS.map(id => model.logits(id));
  return { logits: logits.flat(), losses: logits.map((row, t) => crossEntropy(row, TARGETS[t])) };
}

/** Rates of G8's online pass. */
export const RATES = { memory: 1, projections: 1, 'cms.0': 0.03, 'cms.1': 0.02 };
/** What is looked at after it. */
export const ONLINE = ['selfmod.m_memory.w2', 'selfmod.m_k.w1', 'cms.0.contract.bias', 'cms.1.expand.weight'];
/** Tensors whose gradient is compared whole. */
export const DIFFERENTIATED = /selfmod\.(m_\w+|w_q|local_conv)\./;
/** Tokens a tick of `PAPER`. */
export const TICK = 2;
/** What is compared of a level's signals. */
export const SIGNAL = 'contract.bias';

/** ∂ mean loss / ∂w of one tensor, by central differences with step 1e-5. */
function gradientOf(theta: Weights, name: string): number[] {
  const w = theta.get(name)!;
  const loss = () => {
    const model = new Reference(PAPER, copied(theta), END_OF_TEXT);
    return model.readSequence(IDS, TARGETS).reduce((a, b) => a + b, 0) / IDS.length;
  };
  return Array.from(w, (_, i) => difference(w, i, loss));
}

/** Σ of the signals of every chunk of every level, on weights that stay as they are. */
function signalsOf(config: HopeConfig, theta: Weights): Numbers {
  const trainer = new ReferenceTrainer(new Reference(config, copied(theta), END_OF_TEXT), {});
  const signals: Record<string, number[]> = {};
  config.cms.periods.forEach((period, k) => {
    for (let from = 0; from + period <= IDS.length; from += period) {
      const name = `blocks.0.cms.${k}.${SIGNAL}`;
      signals[`cms.${k} after token ${from + period}`] = signalOf(trainer, name, from, period);
    }
  });
  return signals;
}

/** Σ over the ticks of `tokens` tokens; the gradient of one does not go back into the one before. */
function signalOf(trainer: ReferenceTrainer, name: string, from: number, tokens: number): number[] {
  const { model } = trainer;
  const sum = new Float64Array(model.weights.get(name)!.length);
  for (let at = 0; at < from + tokens; at += TICK) {
    const part = [IDS.slice(at, at + TICK), TARGETS.slice(at, at + TICK)] as const;
    if (at >= from) {
      trainer.gradient(name, ...part).forEach((g, i) => {
        sum[i] += g;
      });
    }
    model.windows = trainer.read(...part).windows;
  }
  return [...sum];
}

/** ∇_y −log p(target) at what the tied head reads: Wᵀ (softmax − one-hot). */
function headSurprise(logits: Vector, target: number, embed: Float64Array): number[] {
  const width = embed.length / logits.length;
  const top = Math.max(...logits);
  const total = logits.reduce((sum, x) => sum + Math.exp(x - top), 0);
  const error = logits.map((x, id) => Math.exp(x - top) / total - (id === target ? 1 : 0));
  return Array.from({ length: width }, (_, i) =>
    error.reduce((sum, e, id) => sum + e * embed[id * width + i], 0),
  );
}

function copied(theta: Weights): Weights {
  return new Map([...theta].map(([name, w]) => [name, w.slice()]));
}
