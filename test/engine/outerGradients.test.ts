import { describe, expect, test } from 'vitest';
import type { BackendName } from '../../engine/protocol/backend.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { RowGradients } from '../../engine/train/rowGradients.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { distance } from '../support/near.ts';
import { levelOf, Reference, type Weights } from '../support/reference.ts';
import { difference } from '../support/referenceTrainer.ts';
import { END_OF_TEXT, smallConfig, smallText, smallWeights } from '../support/smallHope.ts';

const ROWS = 2;
const TOKENS = 12;
/** Entries of each tensor that are compared, spread over it. */
const SAMPLES = 5;
const config = smallConfig({ memory: 3, projections: 6, cms: [6, 12] });
const start = smallWeights(config);

/** Two calls of two rows each; a document begins in the middle of a chunk. */
const calls = [0, 1].map(call => {
  const targets = smallText(ROWS * TOKENS, 20 + call);
  const ids = targets.map((_, i) => (i % TOKENS === 0 || i === 7 ? END_OF_TEXT : targets[i - 1]));
  return { ids, targets };
});
const row = <T>(values: readonly T[], r: number) => values.slice(r * TOKENS, (r + 1) * TOKENS);

/** Mean loss of a call and its rows' memories afterwards; a row's memories start as `carried` says, else as θ. */
function readRows(theta: Weights, call: number, carried: readonly (Weights | undefined)[] = []) {
  let total = 0;
  const after = Array.from({ length: ROWS }, (_, r) => {
    const weights = new Map([...theta].map(([name, w]) => [name, (carried[r]?.get(name) ?? w).slice()]));
    const reference = new Reference(config, weights, END_OF_TEXT);
    const losses = reference.readSequence(row(calls[call].ids, r), row(calls[call].targets, r));
    total += losses.reduce((a, b) => a + b, 0);
    return new Map([...reference.weights].filter(([name]) => /\.m_/.test(name)));
  });
  return { loss: total / (ROWS * TOKENS), after };
}

/** By name: some entries of the gradient by central differences on the reference. */
function expectedGradient(call: number, carried: readonly (Weights | undefined)[] = []) {
  const theta: Weights = new Map([...start].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const entries = [...theta].map(([name, w]) => {
    const at = Array.from({ length: Math.min(SAMPLES, w.length) }, (_, i) =>
      Math.floor((i * w.length) / SAMPLES),
    );
    const unique = [...new Set(at.map(i => Math.min(i, w.length - 1)))];
    const values = unique.map(i => difference(w, i, () => readRows(theta, call, carried).loss));
    return [name, { at: unique, values }] as const;
  });
  return new Map(entries);
}

/** The second call carries the memories of row 0 and starts those of row 1 again. */
const RESET = Float32Array.from([0, 1]);
let known: { loss: number; gradient: ReturnType<typeof expectedGradient> }[] | undefined;
function expected() {
  if (known) return known;
  const theta: Weights = new Map([...start].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const first = readRows(theta, 0);
  const carried = [first.after[0], undefined];
  known = [
    { loss: first.loss, gradient: expectedGradient(0) },
    { loss: readRows(theta, 1, carried).loss, gradient: expectedGradient(1, carried) },
  ];
  return known;
}

function flatWeights({ layout }: RowGradients): Float32Array {
  const weights = new Map([...start].map(([name, { data }]) => [name, data]));
  return layout.flatten(weights, new Float32Array(layout.size));
}

describe.each(['cpu', 'wasm'] as const)('the outer gradient on %s', backend => outerGradient(backend));
describe.skipIf(!native.folder)(`the outer gradient on ${nativeTitle}`, () => outerGradient('tensorflow'));

function outerGradient(backend: BackendName): void {
  test('through reads and writes is that of finite differences, for every tensor', async () => {
    await openBackend(backend, { nativeFolder: native.folder });
    const rows = new RowGradients(config, END_OF_TEXT);
    const { layout } = rows;
    const before = tf.memory().numTensors;
    for (const [call, { loss, gradient }] of expected().entries()) {
      const actual = new Float32Array(layout.size);
      const { ids, targets } = calls[call];
      const batch = { ids: Int32Array.from(ids), targets: Int32Array.from(targets) };
      const got = await rows.compute(
        flatWeights(rows),
        batch,
        call === 0 ? new Float32Array(ROWS).fill(1) : RESET,
        actual,
      );
      expect(Math.abs(got - loss), `loss of call ${call}: ${got}, expected ${loss}`).toBeLessThan(1e-5);
      const parts = layout.split(actual);
      expect([...parts.keys()].toSorted()).toEqual([...gradient.keys()].toSorted());
      for (const [name, { at, values }] of gradient) {
        const part = at.map(i => parts.get(name)![i]);
        const where = `${name} in call ${call}: ${part.slice(0, 3)} …, expected ${values.slice(0, 3)} …`;
        expect(Math.hypot(...values), where).toBeGreaterThan(1e-5);
        expect(distance(part, values), where).toBeLessThanOrEqual(1e-4);
      }
    }
    rows.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('of rows that carry their memories on leaves the initial states out', async () => {
    await openBackend(backend, { nativeFolder: native.folder });
    const rows = new RowGradients(config, END_OF_TEXT);
    const { ids, targets } = calls[0];
    const batch = { ids: Int32Array.from(ids), targets: Int32Array.from(targets) };
    const gradient = new Float32Array(rows.layout.size);
    await rows.compute(flatWeights(rows), batch, new Float32Array(ROWS), gradient);
    await rows.compute(flatWeights(rows), batch, new Float32Array(ROWS), gradient);
    for (const [name, part] of rows.layout.split(gradient)) {
      const memory = ['memory', 'projections'].includes(levelOf(name));
      expect(Math.hypot(...part) === 0, `the gradient of ${name} is 0`).toBe(memory);
    }
    rows.dispose();
  });

  test('evaluation is the loss from the initial states and leaves nothing behind', async () => {
    await openBackend(backend, { nativeFolder: native.folder });
    const rows = new RowGradients(config, END_OF_TEXT);
    const before = tf.memory().numTensors;
    const { ids, targets } = calls[0];
    const batch = { ids: Int32Array.from(ids), targets: Int32Array.from(targets) };
    expect(await rows.evaluate(flatWeights(rows), batch, ROWS)).toBeCloseTo(expected()[0].loss, 5);
    expect(tf.memory().numTensors).toBe(before);
  });
}
