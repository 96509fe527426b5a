import { expect, test } from 'vitest';
import { packWords, unpackWords } from '../../engine/run/packedWords.ts';

const COUNT = 20_000;
const NONE = new Uint32Array();
const bitsOf = (floats: Float32Array) => new Uint32Array(floats.buffer);
const weights = (change: (i: number) => number) =>
  Float32Array.from({ length: COUNT }, (_, i) => Math.sin(i * 12.9898) * 0.1 + change(i));

const before = bitsOf(weights(() => 0));
const changed = bitsOf(weights(i => Math.cos(i) * 1e-4));
const edges = [
  0,
  -0,
  Number.MIN_VALUE,
  1e-45,
  -1e-45,
  3.4e38,
  -3.4e38,
  1,
  -1,
  Number.NaN,
  Infinity,
  -Infinity,
];

test.each([
  ['small changes', changed, before],
  ['no change', before, before],
  ['nothing before them', changed, NONE],
  ['fewer before them', changed, before.subarray(0, 100)],
  ['more before them', changed.subarray(0, 100), before],
  ['edges of float32', bitsOf(Float32Array.from(edges)), bitsOf(Float32Array.from(edges.toReversed()))],
  [
    'all bits',
    Uint32Array.of(0, 0xffffffff, 0x80000000, 0x7fffffff),
    Uint32Array.of(0xffffffff, 0, 0, 0x80000000),
  ],
  ['none', NONE, before],
])('packed numbers are the numbers again, bit by bit: %s', (_, words, earlier) => {
  const found = new Uint32Array(words.length);
  unpackWords(packWords(words, earlier), found, earlier);
  expect(found).toEqual(words);
});

test('of small changes the upper halves take little, of none next to nothing', () => {
  expect(packWords(changed, before).length).toBeLessThan(0.7 * 4 * COUNT);
  expect(packWords(before, before).length).toBeLessThan(0.51 * 4 * COUNT);
});

test.each<[string, () => Uint8Array, number]>([
  ['that is cut off', () => packWords(changed, before).subarray(0, -1), COUNT],
  [
    'with a flipped byte in the head of its frame',
    () => flipped(packWords(changed, before), 2 * COUNT + 1),
    COUNT,
  ],
  ['that holds more numbers', () => packWords(changed, before), COUNT - 1],
  ['that holds fewer numbers', () => packWords(changed, before), COUNT + 1],
  ['that is none', () => new Uint8Array(9), COUNT],
])('what is packed %s is refused', (_, frame, count) => {
  expect(() => unpackWords(frame(), new Uint32Array(count), before)).toThrow();
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ 255 : byte));
}
