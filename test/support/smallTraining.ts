import { levelsOf, tickOf } from '../../engine/checkpoint/config.ts';
import type { FastState } from '../../engine/model/fastState.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { type OnlineOptions, OnlineTrainer } from '../../engine/train/onlineTrainer.ts';
import { type Tick, TokenStream } from '../../engine/train/tokenStream.ts';
import type { Vector } from './referenceMath.ts';
import { END_OF_TEXT } from './smallHope.ts';

export const RATES = { memory: 1, projections: 1, 'cms.0': 0.03, 'cms.1': 0.02, 'cms.2': 0.01 };

export const OPTIONS: OnlineOptions = { learningRates: RATES, flush: true, telemetry: true };

/** The ticks of a text that comes in pieces of 5 tokens. */
export function ticksOf({ base }: FastState, text: Vector, epochs = 1): Tick[] {
  const pieces = Array.from({ length: Math.ceil(text.length / 5) }, (_, i) => ({
    ids: Int32Array.from(text.slice(i * 5, i * 5 + 5)),
  }));
  return [...new TokenStream(pieces, END_OF_TEXT, epochs, tickOf(base.config))];
}

/** Trains the state on ticks; `after` sees every update and may look at the state. */
export async function trainTicks(
  state: FastState,
  ticks: readonly Tick[],
  options: Partial<OnlineOptions> = {},
  after: (update: Update, tick: Tick) => void = () => {},
): Promise<Update[]> {
  const trainer = new OnlineTrainer(state, END_OF_TEXT, { ...OPTIONS, ...options });
  const updates: Update[] = [];
  for (const tick of ticks) {
    const update = await trainer.step(tick, updates.length);
    after(update, tick);
    updates.push(update);
  }
  return updates;
}

/** Values of every fast weight by name. */
export function fastWeights(state: FastState): Map<string, Float32Array> {
  return new Map(
    [...state.tensors].map(([name, tensor]) => [name, tensor.dataSync().slice() as Float32Array]),
  );
}

/** Levels of a model without `outer`. */
export function movingLevels(state: FastState): string[] {
  return levelsOf(state.base.config)
    .map(level => level.id)
    .filter(id => id !== 'outer');
}
