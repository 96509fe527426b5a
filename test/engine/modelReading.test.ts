import { beforeAll, describe, expect, test } from 'vitest';
import type { HopeConfig } from '../../engine/checkpoint/config.ts';
import type { BaseModel } from '../../engine/model/baseModel.ts';
import { readSequence, startReading, tokenLosses } from '../../engine/model/languageModel.ts';
import { bindParameters } from '../../engine/model/parameters.ts';
import { readLosses } from '../../engine/model/reading.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { distance, expectNear } from '../support/near.ts';
import { PROJECTIONS } from '../support/reference.ts';
import { END_OF_TEXT, type SmallShape, smallConfig, smallModels, smallText } from '../support/smallHope.ts';

const TOKENS = 24;
/** Two documents, so that the convolution meets a boundary in the middle of a chunk. */
const targets = smallText(TOKENS);
const ids = targets.map((_, t) => (t === 0 || t === 15 ? END_OF_TEXT : targets[t - 1]));

const SHAPES: Record<string, SmallShape> = {
  'periods 2 and 4, two heads': {},
  'periods 6 and 4, one head': { heads: 1, memory: 6, projections: 4, convolution: 3 },
  'memory slower than projections, width 16': { width: 16, memory: 8, projections: 2 },
  'C = 1': { memory: 1, projections: 1 },
  'C = T': { memory: TOKENS, projections: TOKENS },
  'longer than the text': { memory: 100, projections: 7 },
  'no norm on q and k': { heads: 1, titans: { qk_norm: false } },
  'no convolution, η without a ceiling in reach': { convolution: 1, titans: { eta_ceiling: 1 } },
};

/** Reads in one call or several; losses and the memories afterwards. */
function read(base: BaseModel, calls: readonly number[]) {
  const { config } = base;
  const parameters = bindParameters(config, name => base.tensors.get(name)!);
  let state = startReading(parameters, config, 1);
  const losses: number[] = [];
  let at = 0;
  for (const length of calls) {
    const part = Int32Array.from(ids.slice(at, at + length));
    const result = readSequence(parameters, config, part, END_OF_TEXT, state);
    const next = Int32Array.from(targets.slice(at, at + length));
    losses.push(...tokenLosses(parameters, result.hidden, next).dataSync());
    state = result.state;
    at += length;
  }
  const memories = new Map<string, Float32Array>();
  state.blocks.forEach(({ titans }, block) => {
    for (const name of [...PROJECTIONS, 'memory'] as const) {
      for (const part of ['w1', 'w2'] as const) {
        const values = titans!.memories[name]![part]!.dataSync().slice() as Float32Array;
        memories.set(`blocks.${block}.selfmod.m_${name}.${part}`, values);
      }
    }
  });
  return { losses, memories };
}

describe.each(['cpu', 'wasm'] as const)('reading and writing on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  function withModels(
    config: HopeConfig,
    body: (models: ReturnType<typeof smallModels>) => void,
    seed?: number,
  ) {
    tf.tidy(() => body(smallModels(config, seed)));
  }

  test.each(Object.keys(SHAPES))('%s: losses and memories are those of the token loop', name => {
    withModels(smallConfig(SHAPES[name]), ({ base, reference }) => {
      const { losses, memories } = read(base, [TOKENS]);
      expectNear(losses, reference.readSequence(ids, targets), `losses, ${name}`);
      for (const [weight, values] of memories) {
        expect(distance(values, reference.weights.get(weight)!), weight).toBeLessThanOrEqual(1e-4);
      }
    });
  });

  test('in this the clipping, the ceiling of η and the writes all take part', () => {
    withModels(smallConfig(), ({ base, reference }) => {
      reference.readSequence(ids, targets);
      expect(Math.min(reference.clips.yes, reference.clips.no)).toBeGreaterThan(50);
      const etas = ids.flatMap(id => {
        const { memoryInputs } = reference.readToken(id);
        return memoryInputs.flatMap((x, block) => reference.generate(block, x).map(({ eta }) => eta));
      });
      const { eta_ceiling } = base.config.titans;
      expect(etas.filter(eta => eta === eta_ceiling).length).toBeGreaterThan(10);
      expect(etas.filter(eta => eta < eta_ceiling).length).toBeGreaterThan(10);
      for (const [name, values] of read(base, [TOKENS]).memories) {
        expect(distance(values, base.tensors.get(name)!.dataSync()), name).toBeGreaterThan(0.05);
      }
    });
  });

  test.each([[[1, TOKENS - 1]], [[7, 10, 7]], [[16, 8]], [Array.from({ length: TOKENS }, () => 1)]])(
    'reading in pieces of %j is reading at once',
    pieces => {
      withModels(smallConfig({ memory: 3, projections: 5 }), ({ base }) => {
        const once = read(base, [TOKENS]);
        const apart = read(base, pieces);
        expectNear(apart.losses, once.losses, 'losses');
        for (const [name, values] of apart.memories) {
          expectNear(values, once.memories.get(name)!, name, { absolute: 1e-6 });
        }
      });
    },
  );

  test('with α = 1 and η = 0 nothing is written', () => {
    const titans = { eta_bias: -200, alpha_bias: 200 };
    withModels(smallConfig({ titans }), ({ base }) => {
      for (const [name, values] of read(base, [TOKENS]).memories) {
        expect(values, name).toEqual(base.tensors.get(name)!.dataSync());
      }
    });
  });

  test('a document is read as if nothing of the one before were in the convolution', () => {
    const titans = { eta_bias: -200, alpha_bias: 200 };
    withModels(smallConfig({ titans }), ({ base }) => {
      const parameters = bindParameters(base.config, name => base.tensors.get(name)!);
      const hidden = (from: number, to: number) => {
        const part = Int32Array.from(ids.slice(from, to));
        const state = startReading(parameters, base.config, 1);
        return readSequence(parameters, base.config, part, END_OF_TEXT, state).hidden;
      };
      const after = tf.slice(hidden(0, TOKENS), [15, 0], [TOKENS - 15, -1]).dataSync();
      expectNear(after, hidden(15, TOKENS).dataSync(), 'hidden states', { absolute: 1e-6 });
    });
  });

  test('rows of a batch do not see each other', () => {
    withModels(smallConfig({ memory: 3, projections: 5 }), ({ base }) => {
      const { config } = base;
      const parameters = bindParameters(config, name => base.tensors.get(name)!);
      const half = TOKENS / 2;
      const rows = readSequence(
        parameters,
        config,
        Int32Array.from(ids),
        END_OF_TEXT,
        startReading(parameters, config, 2),
      );
      const both = tokenLosses(parameters, rows.hidden, Int32Array.from(targets)).dataSync();
      for (const [row, from] of [0, half].entries()) {
        const part = (values: readonly number[]) => Int32Array.from(values.slice(from, from + half));
        const state = startReading(parameters, config, 1);
        const alone = readSequence(parameters, config, part(ids), END_OF_TEXT, state);
        const losses = tokenLosses(parameters, alone.hidden, part(targets)).dataSync();
        expectNear(both.slice(from, from + half), losses, `row ${row}`);
      }
    });
  });

  test('losses come piece by piece on a copy: nothing is written or left behind, even when left half-way', async () => {
    const { base, reference } = smallModels(smallConfig({ memory: 3, projections: 5 }));
    const weights = [...base.tensors.values()].map(tensor => tensor.dataSync().slice());
    const before = tf.memory().numTensors;
    const parameters = bindParameters(base.config, name => base.tensors.get(name)!);
    function* pieces() {
      for (let at = 0; at < TOKENS; at += 7) {
        const part = (values: readonly number[]) => Int32Array.from(values.slice(at, at + 7));
        yield { ids: part(ids), targets: part(targets) };
      }
    }
    const losses: number[] = [];
    for await (const part of readLosses(parameters, base.config, pieces(), END_OF_TEXT)) losses.push(...part);
    expectNear(losses, reference.readSequence(ids, targets), 'losses');
    for await (const _ of readLosses(parameters, base.config, pieces(), END_OF_TEXT)) break;
    expect(tf.memory().numTensors).toBe(before);
    expect([...base.tensors.values()].map(tensor => tensor.dataSync())).toEqual(weights);
    base.dispose();
  });
});
