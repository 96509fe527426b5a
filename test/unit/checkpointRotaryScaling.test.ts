import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rotaryPositions } from '../../engine/baseline/rotaryPositions.ts';
import { FieldReader } from '../../engine/checkpoint/fieldReader.ts';
import { rotaryFrequencies } from '../../engine/checkpoint/rotaryScaling.ts';
import { expectNear } from '../support/near.ts';

interface Case {
  readonly rope_parameters: Readonly<Record<string, unknown>>;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly length: number | null;
  readonly inv_freq: number[];
  readonly attention_factor: number;
}
const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('../fixtures/rotary/expected.json', import.meta.url), 'utf8'),
);

describe('rotary positions', () => {
  test.each(cases)('of $rope_parameters with $length tokens turn as those of transformers', found => {
    const { rope_parameters, head_dim, max_position_embeddings, length, inv_freq, attention_factor } = found;
    const near = { absolute: 0, relative: 1e-12 };
    // Both spellings of a config.
    const { rope_theta, rope_type, ...rest } = rope_parameters;
    for (const json of [
      { rope_parameters, max_position_embeddings },
      { rope_scaling: { type: rope_type, ...rest }, rope_theta, max_position_embeddings },
    ]) {
      const { base, scaling } = rotaryPositions(
        new FieldReader(json, 'config.json'),
        'config.json',
        head_dim,
      );
      const { frequencies, scale } = rotaryFrequencies(head_dim, base, scaling, length ?? undefined);
      expectNear(frequencies, inv_freq, 'radians a token', near);
      expectNear([scale], [attention_factor], 'factor on q and k', near);
    }
  });

  test('that are not stretched turn by θ^(−2i/d)', () => {
    const { base, scaling } = rotaryPositions(new FieldReader({}, 'config.json'), 'config.json', 4);
    expect([base, scaling]).toEqual([10_000, undefined]);
    expect(Array.from(rotaryFrequencies(4, 100).frequencies)).toEqual([1, 0.1]);
  });
});
