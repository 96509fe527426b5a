import { describe, expect, test } from 'vitest';
import * as protocol from '../../engine/protocol/requests.ts';
import { RunReader } from '../../engine/run/index.ts';
import { expectSameBits } from '../support/near.ts';
import { TINY_TEXT } from '../support/tinyModel.ts';
import { Recording, readFastWeights, TRAIN_OPTIONS, trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
const TRAINING = { text: TINY_TEXT, options: { ...TRAIN_OPTIONS, epochs: 1000 } };

describe('an engine that is killed while it trains', () => {
  test.each([0, 1, 2, 3, 4])(
    'has recorded what it told, and a new one recovers it bit by bit (round %i)',
    async round => {
      const first = await engines.opened();
      const runPath = engines.bench.path(`killed-${round}.hoperun`);
      const request = trainRequest({ ...TRAINING, runPath });
      const training = first.connection.sendRequest(protocol.Train, request);
      const rejected = expect(training).rejects.toThrow();
      await first.arrived([1, 10, 40, 150, 400][round]);
      // Anywhere in a tick, also between its steps.
      await new Promise(resolve => setTimeout(resolve, 20 * Math.random()));
      await first.kill();
      first.connection.dispose();
      await rejected;
      expect(await first.ended).toBe('SIGKILL');

      const reader = RunReader.open(runPath);
      const recorded = reader.updatesCount;
      expect(reader.status).toBe('running');
      for (const update of first.updates) {
        expectSameBits(reader.update(update.index).metrics, update.metrics, `update ${update.index}`);
      }
      reader.close();
      expect(recorded).toBeGreaterThanOrEqual(first.updates.length);

      const second = await engines.opened();
      const { updates } = await second.connection.sendRequest(protocol.Recover, { runPath });
      expect(updates).toBe(recorded);
      const path = engines.bench.path(`recovered-${round}.safetensors`);
      await second.connection.sendRequest(protocol.SaveFastState, { path });

      // The same training, stopped by itself at that update.
      const session = await engines.bench.session();
      await session.train(trainRequest(TRAINING), new Recording(recorded));
      const expected = await engines.bench.weights(session);
      const weights = await readFastWeights(path);
      expect([...weights.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
      for (const [name, values] of expected) {
        expectSameBits(weights.get(name)!, values, `${name} after ${recorded} updates`);
      }
      const next = await second.connection.sendRequest(protocol.Train, trainRequest());
      expect(next.status).toBe('finished');
    },
  );
});
