import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { CHECKS } from './checks.ts';
import { expectClose } from './support.ts';

describe.each(['cpu', 'wasm'] as const)('golden values on %s', backend => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(Object.entries(CHECKS))('%s', (_, compute) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      for (const { actual, expected, absolute, relative } of compute()) {
        expectClose(actual.dataSync(), expected, absolute, relative);
      }
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
