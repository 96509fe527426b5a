import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import { kmWeights } from '../../engine/checkpoint/kmWeights.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { FastState } from '../../engine/model/fastState.ts';
import { memoryName } from '../../engine/model/optimizerMemory.ts';
import { readPublicHope } from '../../engine/pretrained/publicHope.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { OnlineTrainer } from '../../engine/train/onlineTrainer.ts';
import { CHECKPOINTS } from '../support/checkpoints.ts';
import { distance, expectNear } from '../support/near.ts';

/** What the public re-implementation did to a tensor, by its own name. */
interface Changed {
  /** Of the whole tensor, or of its first row. */
  readonly change: number[];
  readonly change_norm: number;
  readonly momentum_norm?: number;
}

interface Online {
  readonly token_ids: number[];
  readonly targets: number[];
  readonly losses: number[];
  readonly periods: number[];
  /** Tokens of a document, which are read at once. */
  readonly tick: number;
  /** Rate of a level for a Σ of errors, in place of a mean of scaled ones. */
  readonly rate: number;
  /** What its momentum is of ours. */
  readonly momentum_scale: number;
  readonly tensors: Readonly<Record<string, Changed>>;
}

/** Origin: the `source` and `note` of the file. */
const { fixtures } = JSON.parse(readFileSync(new URL('./km_online.json', import.meta.url), 'utf8')) as {
  fixtures: Readonly<Record<string, Online>>;
};
const LEVELS = ['cms_fast', 'cms_mid', 'cms_slow'];
const VARIANTS = { km_selfmod_tiny: 'hope_selfmod', km_attention_tiny: 'hope_attention' } as const;

/** Its name in a model of ours. */
function ownName(name: string, variant: (typeof VARIANTS)[keyof typeof VARIANTS]): string {
  const [own] = kmWeights(
    new Map([[name, { shape: [], data: new Float32Array() }]]),
    variant,
    LEVELS,
    name,
  ).keys();
  return own;
}

/** The checkpoint with the periods of the run, and what it deviates in at an update. */
function configOf(read: HopeConfig, { periods, tick }: Online): HopeConfig {
  return {
    ...read,
    titans: { ...read.titans, memory_period: tick, projections_period: tick },
    cms: { ...read.cms, periods },
    km: { defects: ['misaligned-signals', 'shared-signal'] },
  };
}

/** Reads the text tick by tick, each a document, with the memories as they are. @returns the losses */
async function train(
  state: FastState,
  { token_ids, targets, rate, tick: tokens }: Online,
): Promise<number[]> {
  const learningRates = { memory: 0, projections: 0, 'cms.0': rate, 'cms.1': rate, 'cms.2': rate };
  const trainer = new OnlineTrainer(state, token_ids[0], { learningRates, flush: false, telemetry: true });
  const losses: number[] = [];
  for (let position = 0; position < token_ids.length; position += tokens) {
    const end = position + tokens;
    const tick = {
      position,
      inputs: Int32Array.from(token_ids.slice(position, end)),
      targets: Int32Array.from(targets.slice(position, end)),
      last: end >= token_ids.length,
    };
    losses.push(...(await trainer.step(tick, position / tokens)).surprise);
  }
  return losses;
}

function normOf(x: tf.Tensor): number {
  return tf.tidy(() => tf.norm(x).dataSync()[0]);
}

describe.each(['cpu', 'wasm'] as const)('online updates of the public re-implementation on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(Object.entries(VARIANTS))(
    '%s: losses, changes and momentum are theirs',
    async (name, variant) => {
      const online = fixtures[name];
      const { config, tensors } = await readPublicHope(join(CHECKPOINTS, name, 'step_000010.pt'), name);
      expect(config.cms.optimizers?.map(({ kind }) => kind)).toEqual(LEVELS.map(() => 'projected-momentum'));
      const base = new BaseModel(configOf(config, online), tensors, name);
      const state = new FastState(base);
      expectNear(await train(state, online), online.losses, 'losses', { absolute: 2e-5, relative: 2e-6 });
      for (const [theirs, { change, change_norm, momentum_norm }] of Object.entries(online.tensors)) {
        const own = ownName(theirs, variant);
        const changed = tf.tidy(() => tf.sub(state.tensors.get(own)!, base.tensors.get(own)!));
        const got = changed.dataSync<'float32'>();
        // The change is a difference of float32 weights of about 1.
        const rounding = 1e-7 * Math.sqrt(got.length);
        expect(distance(got.slice(0, change.length), change), theirs).toBeLessThan(
          2e-4 + rounding / change_norm,
        );
        expect(Math.abs(normOf(changed) - change_norm), theirs).toBeLessThan(1e-4 * change_norm + rounding);
        changed.dispose();
        if (momentum_norm === undefined) continue;
        const m = normOf(state.optimizer.get(memoryName(own, 'm'))!);
        expect(
          Math.abs((online.momentum_scale * m) / momentum_norm - 1),
          `momentum of ${theirs}`,
        ).toBeLessThan(1e-4);
      }
      state.dispose();
      base.dispose();
    },
  );
});
