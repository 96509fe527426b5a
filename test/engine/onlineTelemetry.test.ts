import { describe, expect, test } from 'vitest';
import { FastState } from '../../engine/model/fastState.ts';
import { METRIC_INDEX, METRICS, type Metric } from '../../engine/protocol/metric.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { expectSameBits } from '../support/near.ts';
import { levelOf } from '../support/reference.ts';
import { mean } from '../support/referenceMath.ts';
import { type ReferenceTick, ReferenceTrainer } from '../support/referenceTrainer.ts';
import { referenceOf, smallConfig, smallModels, smallText, smallWeights } from '../support/smallHope.ts';
import { fastWeights, movingLevels, RATES, ticksOf, trainTicks } from '../support/smallTraining.ts';

const TEXT = smallText(14);
const config = smallConfig({ memory: 4, projections: 8, cms: [4, 8, 12] });
/** One pass before the one that is looked at, so that the weights have left the base checkpoint. */
const WARM = smallText(12, 3);

/** The records of 4 ticks, the last of 2 tokens and flushed, beside what the weights and the reference say. */
async function train(backend: 'cpu' | 'wasm', telemetry = true) {
  await openBackend(backend);
  const { base } = smallModels(config);
  const state = new FastState(base);
  await trainTicks(state, ticksOf(state, WARM));
  state.dropOpenChunks();
  const start = fastWeights(state);
  const weights = [start];
  const updates = await trainTicks(state, ticksOf(state, TEXT), { telemetry }, () => {
    weights.push(fastWeights(state));
  });
  const levels = movingLevels(state);
  state.dispose();
  base.dispose();
  return { updates, weights, levels, start };
}

let reference: ReferenceTick[] | undefined;
const surprises: number[][][] = [];
/** The same ticks of the reference, and its local surprise signals, [tick][block][place]. */
function referenceTicks(start: ReadonlyMap<string, Float32Array>): ReferenceTick[] {
  if (reference) return reference;
  const weights = smallWeights(config);
  const moved = [...weights].map(([name, { data }]) => [name, { data: start.get(name) ?? data }] as const);
  const trainer = new ReferenceTrainer(referenceOf(config, new Map(moved)), RATES);
  reference = [0, 4, 8, 12].map(at => {
    const inputs = [at === 0 ? 0 : TEXT[at - 1], ...TEXT.slice(at, at + 3)].slice(0, TEXT.length - at);
    const targets = TEXT.slice(at, at + 4);
    const places = Array.from({ length: config.blocks }, (_, block) =>
      Array.from({ length: config.cms.periods.length + 1 }, (__, place) =>
        mean(trainer.surpriseAt(block, place, inputs, targets)),
      ),
    );
    surprises.push(places);
    return trainer.step(inputs, targets, at === 12);
  });
  return reference;
}

/** Norm over the tensors of a level in a block. */
function normOf(
  level: string,
  block: number,
  value: (name: string) => Iterable<number>,
  names: Iterable<string>,
): number {
  let sum = 0;
  for (const name of names) {
    if (levelOf(name) !== level || !name.startsWith(`blocks.${block}.`)) continue;
    for (const x of value(name)) sum += x * x;
  }
  return Math.sqrt(sum);
}

describe.each(['cpu', 'wasm'] as const)('the record of an update on %s', backend => {
  test('holds what the weights, the schedule and the reference say', async () => {
    const { updates, weights, levels, start } = await train(backend);
    const ticks = referenceTicks(start);
    const base = smallWeights(config);
    const pending = new Map<string, number>();
    updates.forEach((update, i) => {
      for (const [l, level] of levels.entries()) {
        const since = (pending.get(level) ?? 0) + update.surprise.length;
        const fired = ticks[i].fired.includes(level);
        pending.set(level, fired ? 0 : since);
        for (let block = 0; block < config.blocks; block++) {
          const [before, after] = [weights[i], weights[i + 1]];
          const moved = (to: typeof before, from: (name: string) => Float32Array) => {
            const difference = (name: string) => to.get(name)!.map((x, j) => x - from(name)[j]);
            return normOf(level, block, difference, to.keys());
          };
          const baseNorm = normOf(level, block, name => base.get(name)!.data, after.keys());
          const generated = ticks[i].generated[block].flat();
          const place = ['memory', 'cms.0', 'cms.1', 'cms.2'].indexOf(level);
          const titans = level === 'memory' || level === 'projections';
          const want: Record<Metric, number> = {
            fired: fired ? 1 : 0,
            gradientNorm: fired ? appliedError(level, block, i, weights, ticks) : Number.NaN,
            deltaNorm: moved(after, name => before.get(name)!),
            weightNorm: normOf(level, block, name => after.get(name)!, after.keys()),
            drift: moved(after, name => base.get(name)!.data) / baseNorm,
            lss: place >= 0 ? surprises[i][block][place] : fired ? ticks[i].innerSurprise[block] : Number.NaN,
            eta: titans ? mean(generated.map(({ eta }) => eta)) : Number.NaN,
            alpha: titans ? mean(generated.map(({ alpha }) => alpha)) : Number.NaN,
            pending: pending.get(level)!,
          };
          expectRecord(
            update,
            (block * levels.length + l) * METRICS.length,
            want,
            `${level}, block ${block}`,
          );
        }
      }
    });
    expect(updates.map(({ metrics }) => metrics.length)).toEqual(updates.map(() => 2 * 5 * METRICS.length));
    expect([...ticks.at(-1)!.fired].toSorted()).toEqual(levels.toSorted());
  });

  test('without telemetry names the level and what is pending; weights and losses are the same bits', async () => {
    const on = await train(backend);
    const off = await train(backend, false);
    on.updates.forEach((update, i) => {
      expectSameBits(off.updates[i].surprise, update.surprise, `losses of update ${i}`);
      update.metrics.forEach((value, at) => {
        const name = METRICS[at % METRICS.length];
        const want = name === 'fired' || name === 'pending' ? value : Number.NaN;
        expect(off.updates[i].metrics[at], `${name} of update ${i}`).toBe(want);
      });
      for (const [name, values] of on.weights[i + 1]) {
        expectSameBits(off.weights[i + 1].get(name)!, values, `${name} after update ${i}`);
      }
    });
  });
});

/** ‖Σ g‖ of an update: of a CMS level ΔW over the rate, of memories what is missing from the decayed weights. */
function appliedError(
  level: string,
  block: number,
  tick: number,
  weights: readonly ReadonlyMap<string, Float32Array>[],
  ticks: readonly ReferenceTick[],
): number {
  const [before, after] = [weights[tick], weights[tick + 1]];
  const rate = RATES[level as keyof typeof RATES];
  const titans = level === 'memory' || level === 'projections';
  // Projections fire at every second tick.
  const since = level === 'projections' && tick > 0 ? [ticks[tick - 1], ticks[tick]] : [ticks[tick]];
  const retention = Array.from({ length: config.heads }, (_, head) =>
    since
      .flatMap(({ generated }) => generated[block].map(heads => heads[head].alpha))
      .reduce((a, b) => a * b),
  );
  const error = (name: string) => {
    const now = after.get(name)!;
    return Array.from(before.get(name)!, (w, j) => {
      const head = Math.floor((j * config.heads) / now.length);
      return titans ? retention[head] * w - now[j] : (w - now[j]) / rate;
    });
  };
  return normOf(level, block, error, before.keys());
}

function expectRecord(update: Update, at: number, want: Record<Metric, number>, where: string): void {
  for (const name of METRICS) {
    const got = update.metrics[at + METRIC_INDEX[name]];
    const place = `${name} of ${where} in update ${update.index}: got ${got}, expected ${want[name]}`;
    if (Number.isNaN(want[name])) expect(got, place).toBeNaN();
    else expect(Math.abs(got - want[name]), place).toBeLessThanOrEqual(2e-6 + 2e-4 * Math.abs(want[name]));
  }
}
