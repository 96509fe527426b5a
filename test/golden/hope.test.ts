import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendName } from '../../engine/protocol/backend.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { tf } from '../../engine/tensor/tf.ts';
import { native, nativeTitle } from '../support/nativeBackend.ts';
import { CHECKS } from './checks.ts';
import { expectClose } from './support.ts';

describe.each(['cpu', 'wasm'] as const)('golden values on %s', backend => goldenValues(backend));
describe.skipIf(!native.folder)(`golden values on ${nativeTitle}`, () => goldenValues('tensorflow'));

function goldenValues(backend: BackendName): void {
  beforeAll(async () => {
    await openBackend(backend, { nativeFolder: native.folder });
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
}
