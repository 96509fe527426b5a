import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as protocol from '../../engine/protocol/requests.ts';
import { RunReader } from '../../engine/run/index.ts';
import type { Session } from '../../engine/session/session.ts';
import { expectSameBits } from '../support/near.ts';
import { TINY_TEXT } from '../support/tinyModel.ts';
import { readFastWeights, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
const TRAINING = { text: TINY_TEXT, options: { ...TRAIN_OPTIONS, epochs: 1000 } };
/** `HOPESCOPE_KILLS=200 npm test -- engine processKill` kills as often as you like. */
const KILLS = Number(process.env.HOPESCOPE_KILLS ?? 8);

let session: Session;
const reference = { ...trainRequest(TRAINING), runPath: '' };
beforeAll(async () => {
  session = await engines.bench.session();
  reference.runPath = engines.bench.path('reference.hoperun');
  await session.openStepper(
    reference,
    () => {},
    () => false,
  );
}, 60_000);

/** The weights that the same training has after so many updates when nothing kills it. */
async function uninterrupted(updates: number): Promise<Map<string, Float32Array>> {
  await session.stepTo(reference.runId, updates, () => false);
  return weights(await engines.bench.weights(session));
}

/** Weights without open chunks, which a recovered training has not. */
function weights(all: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  return new Map([...all].filter(([name]) => name.startsWith('fast.')));
}

describe('an engine that is killed while it trains', () => {
  test(
    `${KILLS} times has recorded what it told, and another one recovers it bit by bit`,
    async () => {
      const counts = new Set<number>();
      const second = await engines.opened();
      for (let round = 0; round < KILLS; round++) {
        const first = await engines.opened();
        const runPath = engines.bench.path(`killed-${round}.hoperun`);
        const training = first.connection.sendRequest(protocol.Train, trainRequest({ ...TRAINING, runPath }));
        const rejected = expect(training).rejects.toThrow();
        await first.arrived(Math.ceil(250 * Math.random() ** 3));
        // Anywhere in a tick, also between its steps.
        await new Promise(resolve => setTimeout(resolve, 20 * Math.random()));
        await first.kill();
        first.connection.dispose();
        await rejected;
        expect(await first.ended).toBe('SIGKILL');

        const reader = RunReader.open(runPath);
        const recorded = reader.updatesCount;
        const where = `killed after ${recorded} updates`;
        counts.add(recorded);
        expect(reader.status, where).toBe('running');
        expect(recorded, where).toBeGreaterThanOrEqual(first.updates.length);
        for (const update of first.updates) {
          expectSameBits(
            reader.update(update.index).metrics,
            update.metrics,
            `update ${update.index}, ${where}`,
          );
        }
        reader.close();

        const { updates } = await second.connection.sendRequest(protocol.Recover, { runPath });
        expect(updates, where).toBe(recorded);
        const path = engines.bench.path('recovered.safetensors');
        await second.connection.sendRequest(protocol.SaveFastState, { path });
        const got = weights(await readFastWeights(path, engines.bench.model));
        const expected = await uninterrupted(recorded);
        expect([...got.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
        for (const [name, values] of expected) expectSameBits(got.get(name)!, values, `${name} ${where}`);
        rmSync(runPath);
      }
      expect(counts.size).toBeGreaterThan(1);
      const next = await second.connection.sendRequest(protocol.Train, trainRequest());
      expect(next.status).toBe('finished');
    },
    60_000 + KILLS * 20_000,
  );
});
